/**
 * One log file, opened for appending and locked against other processes; a turn of its own within this process.
 */
import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { RetryableError } from "@kloros/bus-client";
import { tryLockDescriptor } from "@kloros/file-lock";
import { inTurn } from "./keyed_mutex.ts";

export interface LockOptions {
  readonly abort?: AbortSignal | undefined;
  /** How long another process may keep us waiting, ms. Default 10,000. */
  readonly lockTimeoutMs?: number | undefined;
}

const LOCK_TIMEOUT_MS = 10_000;
const PAUSE_MS_MAX = 50;

/** Runs `task` with a descriptor that appends; the file is created when it is missing. */
export async function withLockedLog<T>(
  file: string,
  options: LockOptions,
  task: (fd: number) => Promise<T>,
): Promise<T> {
  return inTurn(file, async () => {
    options.abort?.throwIfAborted();
    const fd = openForAppending(file);
    try {
      const release = await lock(fd, file, options);
      try {
        return await task(fd);
      } finally {
        release();
      }
    } finally {
      closeSync(fd);
    }
  });
}

function openForAppending(file: string): number {
  const existed = existsSync(file);
  const fd = openSync(file, "a+", 0o644);
  if (!existed) syncDirectory(dirname(file));
  return fd;
}

/** Makes a new name in a directory survive a power cut. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Asks again and again instead of blocking: a blocking call would stop the event loop and with it the heartbeats. */
async function lock(fd: number, file: string, options: LockOptions): Promise<() => void> {
  const timeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    const release = tryLockDescriptor(fd);
    if (release !== undefined) return release;
    options.abort?.throwIfAborted();
    if (performance.now() >= deadline) {
      throw new RetryableError(
        "file_locked",
        `cannot append to ${file}: another process has held its lock for ${timeoutMs} ms (\`lslocks\` names it)`,
      );
    }
    await Bun.sleep(pauseMs);
  }
}
