/** Lines of a unit file. Pure. */

/** First line of every generated file. */
export function sourceNote(source: string): string {
  return `# Generated from ${source}. Not to be edited: \`systemctl edit\` keeps changes apart from it.`;
}

export type Line = readonly [key: string, value: string] | string;

/** `[name]` and its lines; a string is a comment, without its `#`. An empty value resets a list. */
export function section(name: string, lines: readonly Line[]): readonly string[] {
  return [`[${name}]`, ...lines.map(lineText)];
}

function lineText(line: Line): string {
  return typeof line === "string" ? `# ${line}` : `${line[0]}=${line[1]}`;
}

export function unitText(source: string, sections: readonly (readonly string[])[]): string {
  return `${[sourceNote(source), ...sections.flatMap((one) => [...one, ""])].join("\n").trimEnd()}\n`;
}

/** What systemd would split, expand or unquote. */
const UNSAFE = /[\s"'\\%$;#:]/;

/** Throws for a path that cannot stand in a unit as it is. */
export function safePath(path: string): string {
  const why = whyUnsafe(path);
  if (why === undefined) return path;
  throw new Error(why);
}

/** Undefined: it can. */
export function whyUnsafe(path: string): string | undefined {
  const bad = UNSAFE.exec(path)?.[0];
  if (path.startsWith("/") && bad === undefined) return undefined;
  const why = bad === undefined ? "is not absolute" : `holds ${JSON.stringify(bad)}`;
  return `the path ${JSON.stringify(path)} ${why} and cannot stand in a unit; install into another`;
}
