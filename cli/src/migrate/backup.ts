/**
 * The clean-up's backup: files and directories of the old side are moved into it, and put back as they were: bytes, modes,
 * owners, times, links.
 *
 * Order: the list is on disk before anything is copied, every copy is on disk and compared before an original goes. So
 * after a crash at any moment each file is where it was, or whole in the backup, and doing it again finishes it.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, syncDirectory, writeFileAtomic } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";

/** Parents before what is in them. */
export interface BackupEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Of a file: hash of its bytes. Of a link: where it points. */
  readonly content: string;
}

export interface Backup {
  readonly version: 1;
  readonly at: string;
  readonly entries: readonly BackupEntry[];
}

const LIST = "backup.json";
const ENTRIES_MAX = 10_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export function readBackup(directory: string): Backup | undefined {
  const path = join(directory, LIST);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Backup) : undefined;
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
    if (lstat(entry.path) !== undefined) copyEntry(entry, entry.path, copy);
    // Also one that was copied before: what goes must be what lies in the backup.
    if (!isWhole(entry, copy) || !isFree(entry)) throw lost(entry, copy);
  }
  setDirectories(list.entries, (entry) => copyPath(directory, entry));
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
  setDirectories(list.entries, ({ path }) => path);
  syncParents(list.entries);
}

export function copyPath(directory: string, { path }: Pick<BackupEntry, "path">): string {
  return join(directory, "files", path);
}

function entriesBelow(path: string): readonly BackupEntry[] {
  const entry = entryAt(path);
  if (entry === undefined) return [];
  const below =
    entry.kind === "directory"
      ? readdirSync(path)
          .toSorted()
          .flatMap((name) => entriesBelow(join(path, name)))
      : [];
  const all = [entry, ...below];
  if (all.length > ENTRIES_MAX)
    throw new Failure("negative", `${path} holds more than ${ENTRIES_MAX} files; name what is to be moved`);
  return all;
}

function entryAt(path: string): BackupEntry | undefined {
  const found = lstat(path);
  if (found === undefined) return undefined;
  const { mode, uid, gid, mtimeMs, size } = found;
  const about = { path, mode: mode & 0o7777, uid, gid, mtimeMs };
  if (found.isDirectory()) return { ...about, kind: "directory", content: "" };
  if (found.isSymbolicLink()) return { ...about, kind: "link", content: readlinkSync(path) };
  if (!found.isFile()) throw new Failure("negative", `${path} is neither a file nor a directory nor a link`);
  if (size > FILE_BYTES_MAX)
    throw new Failure("negative", `${path} has ${size} bytes: too large for a backup`);
  return { ...about, kind: "file", content: hashOf(path) };
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function lstat(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Bytes and kind; what else belongs to it is set when it is copied. */
function isWhole(entry: BackupEntry, at: string): boolean {
  const found = lstat(at);
  if (found === undefined) return false;
  if (entry.kind === "directory") return found.isDirectory();
  if (entry.kind === "link") return found.isSymbolicLink() && readlinkSync(at) === entry.content;
  return found.isFile() && hashOf(at) === entry.content;
}

/** Nothing is there, or the same already, or a directory that may hold more. */
function isFree(entry: BackupEntry): boolean {
  return lstat(entry.path) === undefined || isWhole(entry, entry.path);
}

function copyEntry(entry: BackupEntry, from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  if (entry.kind === "directory") {
    // Open to us until everything is in it.
    if (lstat(to) === undefined) mkdirSync(to, { mode: 0o700 });
    return;
  }
  if (isWhole(entry, to)) {
    dress(entry, to);
    return;
  }
  const temporary = `${to}.kloros-tmp`;
  rmSync(temporary, { force: true });
  if (entry.kind === "link") symlinkSync(entry.content, temporary);
  else writeSynced(temporary, readFileSync(from));
  dress(entry, temporary);
  renameSync(temporary, to);
  syncDirectory(dirname(to));
  if (!isWhole(entry, to)) throw lost(entry, to);
}

function writeSynced(path: string, content: Uint8Array): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Owner first: giving a file away takes its special bits. */
function dress({ kind, mode, uid, gid, mtimeMs }: BackupEntry, path: string): void {
  lchownSync(path, uid, gid);
  if (kind === "link") lutimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
  else {
    chmodSync(path, mode);
    utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
  }
}

/** Last, and the innermost first: what is put into a directory changes its time. */
function setDirectories(entries: readonly BackupEntry[], at: (entry: BackupEntry) => string): void {
  for (const entry of entries.toReversed()) if (entry.kind === "directory") dress(entry, at(entry));
}

/** A directory that got something new meanwhile stays, with that. */
function remove({ path, kind }: BackupEntry): void {
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

function syncParents(entries: readonly BackupEntry[]): void {
  for (const directory of new Set(entries.map(({ path }) => dirname(path))))
    if (existsSync(directory)) syncDirectory(directory);
}

function lost({ path }: BackupEntry, at: string): Failure {
  return new Failure(
    "negative",
    `${path} changed while it was copied to ${at}; nothing was removed, say it again`,
  );
}
