import { closeSync } from "node:fs";
import { tryLockDescriptor } from "@kloros/file-lock";

export interface WhileLockedOptions {
  /** How long another process may keep us waiting, ms. */
  readonly timeoutMs: number;
  readonly abort?: AbortSignal | undefined;
  /** The error when it was held for all that time. */
  readonly onTimeout: () => Error;
}

const PAUSE_MS_MAX = 50;

/**
 * Runs `task` while no other process can that locks this file too, then unlocks and closes it, whatever came of it. The
 * file must never be deleted: two processes would lock two inodes of one name.
 */
export async function whileLocked<T>(
  fd: number,
  task: () => Promise<T>,
  options: WhileLockedOptions,
): Promise<T> {
  try {
    const release = await waitForLock(fd, options);
    try {
      return await task();
    } finally {
      release();
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Locks an open file against other processes; returns what unlocks it. Asks again and again instead of blocking: a
 * blocking call would stop the event loop and with it the heartbeats.
 */
async function waitForLock(fd: number, options: WhileLockedOptions): Promise<() => void> {
  const deadline = performance.now() + options.timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    const release = tryLockDescriptor(fd);
    if (release !== undefined) return release;
    options.abort?.throwIfAborted();
    if (performance.now() >= deadline) throw options.onTimeout();
    await Bun.sleep(pauseMs);
  }
}
