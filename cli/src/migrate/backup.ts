/**
 * The clean-up's backup: files and directories of the old side are moved into it, and put back as they were: bytes, modes,
 * owners, times, links.
 *
 * Order: the list is on disk before anything is copied, every copy is on disk and compared before an original goes. So
 * after a crash at any moment each file is where it was, or whole in the backup, and doing it again finishes it.
 */
import { existsSync, lstatSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, syncDirectory, writeFileAtomic } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import {
  changedMeanwhile,
  copyEntry,
  entriesBelow,
  type ExactEntry,
  isWhole,
  settleDirectories,
} from "../files/exact_copy.ts";
import { readOwnFile } from "../files/own_file.ts";

export interface Backup {
  readonly version: 1;
  readonly at: string;
  /** Parents before what is in them. */
  readonly entries: readonly ExactEntry[];
}

const LIST = "backup.json";

export function readBackup(directory: string): Backup | undefined {
  const text = readOwnFile(join(directory, LIST));
  return text === undefined ? undefined : (JSON.parse(text) as Backup);
}

/** What is not there is left out. */
export async function putAside(paths: readonly string[], directory: string, nowMs: number): Promise<void> {
  const list = readBackup(directory) ?? {
    version: 1 as const,
    at: new Date(nowMs).toISOString(),
    entries: paths.flatMap(entriesBelow),
  };
  mkdirSync(join(directory, "files"), { recursive: true, mode: 0o700 });
  await writeFileAtomic(join(directory, LIST), `${JSON.stringify(list, null, 2)}\n`, { mode: 0o600 });
  for (const entry of list.entries) {
    const copy = copyPath(directory, entry);
    if (lstatSync(entry.path, { throwIfNoEntry: false }) !== undefined) copyEntry(entry, entry.path, copy);
    // Also one that was copied before: what goes must be what lies in the backup.
    if (!isWhole(entry, copy) || !isFree(entry)) throw changedMeanwhile(entry, copy);
  }
  settleDirectories(list.entries, (entry) => copyPath(directory, entry));
  for (const entry of list.entries.toReversed()) {
    remove(entry);
  }
  syncParents(list.entries);
}

/** Fails before it changes anything when something else stands in a place. */
export function putBack(directory: string): void {
  const list = readBackup(directory);
  if (list === undefined) throw new Failure("negative", `there is no backup in ${directory}`);
  const wrong = list.entries.filter((entry) => !isWhole(entry, copyPath(directory, entry)));
  if (wrong.length > 0)
    throw new Failure(
      "negative",
      `the backup in ${directory} was changed: ${wrong.map(({ path }) => path).join(", ")}`,
    );
  const taken = list.entries.filter((entry) => !isFree(entry));
  if (taken.length > 0)
    throw new Failure(
      "negative",
      `something else stands where the backup belongs: ${taken.map(({ path }) => path).join(", ")}; move it away and say it again`,
    );
  for (const entry of list.entries) copyEntry(entry, copyPath(directory, entry), entry.path);
  settleDirectories(list.entries, ({ path }) => path);
  syncParents(list.entries);
}

export function copyPath(directory: string, { path }: Pick<ExactEntry, "path">): string {
  return join(directory, "files", path);
}

/** Nothing is there, or the same already, or a directory that may hold more. */
function isFree(entry: ExactEntry): boolean {
  return lstatSync(entry.path, { throwIfNoEntry: false }) === undefined || isWhole(entry, entry.path);
}

/** A directory that got something new meanwhile stays, with that. */
function remove({ path, kind }: ExactEntry): void {
  if (kind !== "directory") {
    rmSync(path, { force: true });
    return;
  }
  try {
    rmdirSync(path);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY"].includes(errorCode(error) ?? "")) throw error;
  }
}

function syncParents(entries: readonly ExactEntry[]): void {
  for (const directory of new Set(entries.map(({ path }) => dirname(path))))
    if (existsSync(directory)) syncDirectory(directory);
}
