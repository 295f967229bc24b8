/**
 * An advisory lock between processes on one machine: `flock(2)` on a file of its own.
 *
 * Invariants: the kernel releases the lock when the holder dies, however it dies; the file is never deleted by
 * us (two processes could then lock two inodes of one name; a clean-up may do it: `stands` tells); the text
 * inside names the holder and is a hint for people, the lock itself is the truth.
 */
import { dlopen, FFIType } from "bun:ffi";
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const libc = dlopen("libc.so.6", {
  flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
});

export interface LockHolder {
  readonly pid: number;
  readonly name: string;
}

export interface FileLock {
  readonly path: string;
  /** Whether the file at `path` is the one that is locked: somebody else may have deleted it. */
  readonly stands: boolean;
  /** May be called twice. */
  release(): void;
}

/** Somebody else holds the lock; `holder` says who, as far as the file tells. */
export class FileLockHeldError extends Error {
  override readonly name = "FileLockHeldError";
  readonly path: string;
  readonly holder: LockHolder | undefined;
  constructor(path: string, holder: LockHolder | undefined) {
    const who = holder === undefined ? "another process" : `${holder.name} (pid ${holder.pid})`;
    super(`${path} is locked by ${who}; stop it first, or use another home`);
    this.path = path;
    this.holder = holder;
  }
}

function readHolder(path: string): LockHolder | undefined {
  const [pid, name] = readFileSync(path, "utf8").trim().split(" ");
  return pid === undefined || name === undefined || !/^\d+$/.test(pid)
    ? undefined
    : { pid: Number(pid), name };
}

/** Takes the lock or returns undefined when it is held. `name` stands in the file for people. Throws on I/O errors. */
function tryFileLock(path: string, name: string): FileLock | undefined {
  const fd = openSync(path, "a+", 0o600);
  if (libc.symbols.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    closeSync(fd);
    return undefined;
  }
  writeHolder(fd, `${process.pid} ${name}\n`);
  let held = true;
  return {
    path,
    get stands() {
      return held && isSameFile(fd, path);
    },
    release: () => {
      if (!held) return;
      held = false;
      writeHolder(fd, "");
      libc.symbols.flock(fd, LOCK_UN);
      closeSync(fd);
    },
  };
}

/** An open file keeps its inode number from being used again. */
function isSameFile(fd: number, path: string): boolean {
  const [locked, found] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return found !== undefined && found.ino === locked.ino && found.dev === locked.dev;
}

/** The text is only a hint: on a full disk the lock is held without it. */
function writeHolder(fd: number, text: string): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, text);
  } catch {
    // The lock itself needs no space.
  }
}

/** Takes the lock or throws `FileLockHeldError`. */
export function acquireFileLock(path: string, name: string): FileLock {
  const lock = tryFileLock(path, name);
  if (lock === undefined) throw new FileLockHeldError(path, readHolder(path));
  return lock;
}

/**
 * Locks a file that has content of its own (a log that several processes append to) through an open descriptor of it.
 * Nothing is written. Returns what releases it, or undefined when it is held; closing the descriptor releases it too.
 */
export function tryLockDescriptor(fd: number): (() => void) | undefined {
  if (libc.symbols.flock(fd, LOCK_EX | LOCK_NB) !== 0) return undefined;
  return () => {
    libc.symbols.flock(fd, LOCK_UN);
  };
}
