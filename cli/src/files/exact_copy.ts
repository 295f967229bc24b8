/**
 * Copies of files, directories and links as they are: bytes, mode, owner, times. A copy is on disk and compared when it has its
 * name; what a crash leaves of one has another.
 *
 * Root works here in directories of other users: what it gives away or opens up is the file that it wrote, held open, and not
 * whatever stands at its path by then.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncDirectory } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { makeDirectories } from "./make_directories.ts";

/** What is at a path. */
export interface ExactEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Of a file: hash of its bytes. Of a link: where it points. */
  readonly content: string;
}

const ENTRIES_MAX = 10_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Parents before what is in them; empty: nothing is there. Throws `Failure` for what cannot be copied. */
export function entriesBelow(path: string): readonly ExactEntry[] {
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

function entryAt(path: string): ExactEntry | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const { mode, uid, gid, mtimeMs, size } = found;
  const about = { path, mode: mode & 0o7777, uid, gid, mtimeMs };
  if (found.isDirectory()) return { ...about, kind: "directory", content: "" };
  if (found.isSymbolicLink()) return { ...about, kind: "link", content: readlinkSync(path) };
  if (!found.isFile()) throw new Failure("negative", `${path} is neither a file nor a directory nor a link`);
  if (size > FILE_BYTES_MAX)
    throw new Failure("negative", `${path} has ${size} bytes: too large to be moved aside`);
  return { ...about, kind: "file", content: hashOf(path) };
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Bytes and kind; what else belongs to it is set when it is copied. */
export function isWhole(entry: ExactEntry, at: string): boolean {
  const found = lstatSync(at, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (entry.kind === "directory") return found.isDirectory();
  if (entry.kind === "link") return found.isSymbolicLink() && readlinkSync(at) === entry.content;
  return found.isFile() && hashOf(at) === entry.content;
}

/** Directories only as such: `settleDirectories` gives them mode, owner and time when all is in them. */
export function copyEntry(entry: ExactEntry, from: string, to: string): void {
  makeDirectories(dirname(to));
  if (entry.kind === "directory") {
    // Open to us until everything is in it.
    if (lstatSync(to, { throwIfNoEntry: false }) === undefined) mkdirSync(to, { mode: 0o700 });
    return;
  }
  if (isWhole(entry, to)) {
    dress(entry, to);
    return;
  }
  const temporary = `${to}.kloros-tmp`;
  rmSync(temporary, { force: true });
  if (entry.kind === "link") {
    symlinkSync(entry.content, temporary);
    dress(entry, temporary);
  } else writeDressed(entry, temporary, readFileSync(from));
  renameSync(temporary, to);
  syncDirectory(dirname(to));
  if (!isWhole(entry, to)) throw changedMeanwhile(entry, to);
}

export function changedMeanwhile({ path }: ExactEntry, at: string): Failure {
  return new Failure(
    "negative",
    `${path} changed while it was copied to ${at}; nothing was removed, say it again`,
  );
}

/** Last, and the innermost first: what is put into a directory changes its time. */
export function settleDirectories(entries: readonly ExactEntry[], at: (entry: ExactEntry) => string): void {
  for (const entry of entries.toReversed()) if (entry.kind === "directory") dress(entry, at(entry));
}

function writeDressed(entry: ExactEntry, path: string, content: Uint8Array): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeFileSync(fd, content);
    dressOpen(entry, fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function dress(entry: ExactEntry, path: string): void {
  if (entry.kind === "link") {
    lchownSync(path, entry.uid, entry.gid);
    lutimesSync(path, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
    return;
  }
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    dressOpen(entry, fd);
  } finally {
    closeSync(fd);
  }
}

/** Owner first: giving a file away takes its special bits. */
function dressOpen({ mode, uid, gid, mtimeMs }: ExactEntry, fd: number): void {
  fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
  futimesSync(fd, mtimeMs / 1000, mtimeMs / 1000);
}
