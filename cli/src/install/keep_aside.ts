/**
 * Somebody else's files that `install --replace` is in the way of: kept as they are below the base, each under its whole path,
 * until `uninstall` brings them back.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";
import { copyEntry, entriesBelow, type ExactEntry, isWhole, settleDirectories } from "../files/exact_copy.ts";

function replacedDirectory(base: string): string {
  return join(base, "replaced");
}

interface Where {
  readonly root: string;
  readonly base: string;
}

/** A copy that is on disk when it returns; the original stays. Throws `Failure` where something else is kept under that name. */
export function keepAside(path: string, { root, base }: Where): void {
  const kept = join(replacedDirectory(base), path);
  const original = join(root, path);
  const entries = entriesBelow(original);
  const copyOf = (entry: ExactEntry): string => join(kept, entry.path.slice(original.length));
  if (lstatSync(kept, { throwIfNoEntry: false }) !== undefined && !isSame(entries, copyOf, kept))
    throw new Failure(
      "negative",
      `what was at ${path} before is kept already, as ${kept}, and is not what is there now: move the one or the other away, then say it again`,
    );
  copyAll(entries, copyOf);
}

/** What an interruption left of a copy is a part of it. */
function isSame(
  entries: readonly ExactEntry[],
  copyOf: (entry: ExactEntry) => string,
  kept: string,
): boolean {
  const paths = new Set(entries.map(copyOf));
  return (
    entriesBelow(kept).every(({ path }) => paths.has(path) || path.endsWith(".kloros-tmp")) &&
    entries.every((entry) => !isThere(copyOf(entry)) || isWhole(entry, copyOf(entry)))
  );
}

/** Without the `root`: what comes back at an uninstallation, unless something stands there by then. */
export function keptAside(base: string): readonly string[] {
  const kept = replacedDirectory(base);
  if (!existsSync(kept)) return [];
  return entriesBelow(kept)
    .filter(({ kind }) => kind !== "directory")
    .map(({ path }) => path.slice(kept.length))
    .filter((path) => !path.endsWith(".kloros-tmp"));
}

/** What was kept, unless somebody put something there since. */
export function bringBack({ root, base }: Where): void {
  const kept = replacedDirectory(base);
  if (!existsSync(kept)) return;
  const entries = readdirSync(kept)
    .flatMap((name) => entriesBelow(join(kept, name)))
    .filter(({ path }) => !path.endsWith(".kloros-tmp"));
  const target = ({ path }: ExactEntry): string => join(root, path.slice(kept.length));
  copyAll(
    entries.filter((entry) => !isThere(target(entry))),
    target,
  );
}

function copyAll(entries: readonly ExactEntry[], to: (entry: ExactEntry) => string): void {
  for (const entry of entries) {
    rmSync(`${to(entry)}.kloros-tmp`, { force: true });
    copyEntry(entry, entry.path, to(entry));
  }
  settleDirectories(entries, to);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
