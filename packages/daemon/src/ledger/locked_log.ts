/**
 * One log file, opened for appending and locked against other processes; a turn of its own within this process.
 */
import { existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { RetryableError } from "@kloros/bus-client";
import { syncDirectory } from "../files/sync_path.ts";
import { whileLocked } from "../files/while_locked.ts";
import { inTurn } from "./keyed_mutex.ts";

export interface LockOptions {
  readonly abort?: AbortSignal | undefined;
  /** How long another process may keep us waiting, ms. Default 10,000. */
  readonly lockTimeoutMs?: number | undefined;
}

const LOCK_TIMEOUT_MS = 10_000;

/** Runs `task` with a descriptor that appends; the file is created when it is missing. */
export async function withLockedLog<T>(
  file: string,
  options: LockOptions,
  task: (fd: number) => Promise<T>,
): Promise<T> {
  return inTurn(file, async () => {
    options.abort?.throwIfAborted();
    const fd = openForAppending(file);
    const timeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
    const text = `cannot append to ${file}: another process has held its lock for ${timeoutMs} ms (\`lslocks\` names it)`;
    const onTimeout = (): Error => new RetryableError("file_locked", text);
    return whileLocked(fd, async () => task(fd), { timeoutMs, abort: options.abort, onTimeout });
  });
}

function openForAppending(file: string): number {
  const existed = existsSync(file);
  const fd = openSync(file, "a+", 0o644);
  if (!existed) syncDirectory(dirname(file));
  return fd;
}
