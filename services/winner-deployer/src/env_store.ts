/**
 * The environment file on disk. Writers that cooperate hold `flock` on `<file>.lock` (never deleted: two processes would
 * lock two inodes of one name). One that does not cooperate is noticed: right before the rename the file must still be
 * the one that was read.
 */
import { crashPoint, errorCode, syncDirectory, whileLocked } from "@kloros/daemon";
import { RetryableError } from "@kloros/bus-client";
import { createHash } from "node:crypto";
import { lstatSync, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EnvSyntaxError, parseEnv } from "./env_document.ts";
import { EnvEditError } from "./env_edit.ts";
import { attempting } from "./world_errors.ts";

export interface ReadEnv {
  /** Empty when there is no file. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Hex; null when there is no file. */
  readonly sha256: string | null;
}

/** The file is there and cannot be edited as it is: a person has to look at it. Nothing was changed. */
export class EnvFileError extends Error {
  override readonly name = "EnvFileError";
}

/** Somebody else replaced or changed the file after it was read. */
export class ChangedMeanwhileError extends Error {
  override readonly name = "ChangedMeanwhileError";
}

/** An environment file is some kilobytes; what is larger is another thing. */
const BYTES_MAX = 4 * 1024 * 1024;

/** Throws `EnvFileError` with file, line and remedy. */
export function readEnv(path: string): ReadEnv {
  const bytes = readBytes(path);
  if (bytes === undefined) return { bytes: new Uint8Array(), text: "", sha256: null };
  if (bytes.length > BYTES_MAX) throw cannotEdit(path, `it has ${bytes.length} bytes, at most ${BYTES_MAX}`);
  return { bytes, text: checkedText(path, bytes), sha256: sha256Hex(bytes) };
}

/** Whatever is in it. Null when there is no file. */
export function hashOf(path: string): string | null {
  const bytes = readBytes(path);
  return bytes === undefined ? null : sha256Hex(bytes);
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function readBytes(path: string): Uint8Array | undefined {
  try {
    const stats = statSync(path);
    // A pipe would be waited for, for ever; a directory says so itself.
    if (!stats.isFile() && !stats.isDirectory())
      throw cannotEdit(path, "it is no regular file; move it away");
    return readFileSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && !isLink(path)) return undefined;
    const why = {
      EISDIR: "a directory stands in its place; move it away",
      ENOENT: "it is a link, and what it leads to is missing; mend the link",
      EACCES: "this service's user may not read it; give it the right",
      ELOOP: "its symbolic links lead in a circle; mend them",
      ENOTDIR: "a file stands where its directory should be; move it away",
    }[code ?? ""];
    throw why === undefined ? error : cannotEdit(path, why);
  }
}

/** Before a change; not before it is taken back. Throws `EnvFileError`. */
export function refuseManyNames(path: string): void {
  const names = statSync(path, { throwIfNoEntry: false })?.nlink ?? 1;
  if (names > 1)
    throw cannotEdit(path, `it has ${names} names (hard links) that would part; remove the others`);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function checkedText(path: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parseEnv(text);
    return text;
  } catch (error) {
    if (error instanceof EnvSyntaxError) throw atLine(path, error);
    if (error instanceof TypeError) {
      throw cannotEdit(path, `line ${lineOfBadByte(bytes)} is not UTF-8; save the file as UTF-8`);
    }
    throw error;
  }
}

function atLine(path: string, error: EnvSyntaxError): EnvFileError {
  return cannotEdit(path, `line ${error.line} ${error.message}`);
}

/** Errors of editing with the file's name; others as they are. */
export function inFile(path: string, error: unknown): unknown {
  if (error instanceof EnvSyntaxError) return atLine(path, error);
  return error instanceof EnvEditError ? cannotEdit(path, error.message) : error;
}

function cannotEdit(path: string, why: string): EnvFileError {
  return new EnvFileError(`cannot edit ${path}: ${why}; nothing was changed`);
}

function lineOfBadByte(bytes: Uint8Array): number {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  const isBad = (line: string): boolean => {
    const raw = Buffer.from(line, "latin1");
    return !Buffer.from(raw.toString("utf8"), "utf8").equals(raw);
  };
  return lines.findIndex(isBad) + 1;
}

export interface LockOptions {
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

/** Runs `task` while no other writer that cooperates can. Throws a `RetryableError` when one keeps its lock. */
export async function withEnvLock<T>(path: string, options: LockOptions, task: () => Promise<T>): Promise<T> {
  const file = `${path}.lock`;
  const fd = await attempting(`lock ${path} with ${file}`, () => openSync(file, "a", 0o600));
  const text = `another writer has held ${file} for ${options.timeoutMs} ms; \`lslocks\` names it`;
  const onTimeout = (): Error => new RetryableError("env_file_locked", text);
  return whileLocked(fd, task, { ...options, onTimeout });
}

/** New files hold settings of a system, among them secrets. */
const NEW_FILE_MODE = 0o600;

/**
 * Replaces the file as a whole, keeping mode and owner; `content` null removes it. Call with the lock held. Throws
 * `ChangedMeanwhileError` when the file is not the one of `expected` any more; nothing is changed then.
 */
export async function replaceEnv(
  path: string,
  content: Uint8Array | string | null,
  expected: string | null,
): Promise<void> {
  const target = expected === null ? path : realpathSync(path);
  if (content === null) {
    refuseChange(path, expected);
    await rm(target, { force: true });
    syncDirectory(dirname(target));
    return;
  }
  const temporary = join(dirname(target), `.${basename(target)}.kloros-tmp`);
  await rm(temporary, { force: true });
  try {
    await fill(temporary, target, content);
    crashPoint("deployer.tmp-written");
    refuseChange(path, expected);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(target));
}

function refuseChange(path: string, expected: string | null): void {
  if (hashOf(path) !== expected) {
    throw new ChangedMeanwhileError(`${path} was changed by somebody else in this moment`);
  }
}

async function fill(temporary: string, target: string, content: Uint8Array | string): Promise<void> {
  const existing = await stat(target).catch(() => null);
  const handle = await open(temporary, "wx", NEW_FILE_MODE);
  try {
    await handle.writeFile(content);
    if (existing !== null) {
      // The owner first: it takes special bits away.
      await handle.chmod(existing.mode & (await giveTo(handle, existing)));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The bits that may be kept: only root may give a file away, and a group that is another one gets no rights. */
async function giveTo(
  handle: FileHandle,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<number> {
  try {
    await handle.chown(uid, gid).catch(async () => handle.chown(process.getuid?.() ?? uid, gid));
    return 0o7777;
  } catch {
    return 0o1707;
  }
}
