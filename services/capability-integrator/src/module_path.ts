/** Where a module lies below the source root, and what it is called there. Paths as text only; nothing is looked up. */

export type Location =
  | { readonly ok: true; readonly directory: string; readonly name: string; readonly modulePath: string }
  | { readonly ok: false; readonly reason: string };

/** Normalizes an absolute POSIX path: no `.`, `..`, doubled or trailing slashes. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** What follows `root` in `path`, "" when they are the same, undefined when `path` lies elsewhere. Both absolute. */
export function pathBelow(root: string, path: string): string | undefined {
  const base = normalizePath(root);
  const full = normalizePath(path);
  if (full === base) return "";
  const prefix = base === "/" ? "/" : `${base}/`;
  return full.startsWith(prefix) ? full.slice(prefix.length) : undefined;
}

/** A relative `path` is taken from the source root. */
export function locateModule(source: string, path: string): Location {
  if (path.includes("\0")) return { ok: false, reason: "the path holds a NUL character" };
  const directory = normalizePath(path.startsWith("/") ? path : `${source}/${path}`);
  const below = pathBelow(source, directory);
  if (below === undefined)
    return { ok: false, reason: `${directory} lies outside the source root ${source}` };
  if (below === "")
    return { ok: false, reason: `${directory} is the source root itself, not a module in it` };
  const parts = below.split("/");
  const dotted = parts.find((part) => part.includes("."));
  if (dotted !== undefined) {
    return { ok: false, reason: `"${dotted}" has a dot in its name, so Python cannot import ${directory}` };
  }
  return { ok: true, directory, name: parts.at(-1) ?? "", modulePath: parts.join(".") };
}
