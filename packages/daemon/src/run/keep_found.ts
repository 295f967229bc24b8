/**
 * The files by which a running daemon is found and kept single: its runtime directory, its instance lock, its health socket. A
 * clean-up of old files can delete them, and another process can take a socket's path: so they are looked at now and then, and
 * made again.
 *
 * Invariant: without its lock an instance does not go on. A second one may have started between the deletion and the look; then
 * there are two, and the one whose file is gone is the one that ends. It leaves the newer one's files alone.
 */
import { acquireFileLock, FileLockHeldError, type FileLock } from "@kloros/file-lock";
import type { HealthServer } from "../health/health_server.ts";
import { messageOf } from "../message_of.ts";
import { ensurePrivateDir } from "../private_dir.ts";
import { claimRuntimeDir } from "../runtime_claim.ts";
import type { Installation, Logger } from "../types.ts";
import type { Beat } from "./keep_supervised.ts";

/** A few stats; nobody waits for it. */
const LOOK_MS = 1000;

/** A lock whose file may be deleted while it is held. */
export class LastingLock {
  readonly #name: string;
  #lock: FileLock;

  /** Throws `FileLockHeldError`. */
  constructor(path: string, name: string) {
    this.#name = name;
    this.#lock = acquireFileLock(path, name);
  }

  /** Takes the file that stands there now, unless it is the one that is locked. Whether it did. Throws `FileLockHeldError`. */
  renew(): boolean {
    if (this.#lock.stands) return false;
    const another = acquireFileLock(this.#lock.path, this.#name);
    this.#lock.release();
    this.#lock = another;
    return true;
  }

  release(): void {
    this.#lock.release();
  }
}

export interface FoundBy {
  readonly paths: Pick<Installation, "runtime" | "home">;
  readonly uid: number;
  readonly lock: LastingLock;
  readonly health: HealthServer;
  readonly log: Logger;
  /** Another instance has the lock now: this one must end. Said once. */
  readonly onReplaced: (error: FileLockHeldError) => void;
}

/** Looks once a second until `stop`, or until it is replaced. What cannot be made again is said once, and tried again. */
export function keepFound(found: FoundBy): Beat {
  let trouble: string | undefined;
  const stop = (): void => {
    clearInterval(timer);
  };
  const timer = setInterval(() => {
    try {
      look(found);
      trouble = undefined;
    } catch (error) {
      if (error instanceof FileLockHeldError) {
        stop();
        found.onReplaced(error);
        return;
      }
      const text = messageOf(error);
      if (text !== trouble) found.log.warn({ error }, `cannot keep ${found.paths.runtime}: ${text}`);
      trouble = text;
    }
  }, LOOK_MS);
  return { stop };
}

function look({ paths, uid, lock, health, log }: FoundBy): void {
  ensurePrivateDir(paths.runtime, uid);
  const made = [...(lock.renew() ? ["instance lock"] : []), ...(health.renew() ? ["health socket"] : [])];
  if (made.length === 0) return;
  claimRuntimeDir(paths.runtime, paths.home);
  log.warn(
    { runtime: paths.runtime, made },
    "files of the runtime directory were taken away, and are made again",
  );
}
