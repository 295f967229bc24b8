/**
 * The files by which a running daemon is found and kept single: its runtime directory, its instance lock, its health socket. A
 * clean-up of old files can delete them, and another process can take a socket's path: so they are looked at now and then, and
 * made again.
 */
import { tryFileLock, type FileLock } from "@kloros/file-lock";
import type { HealthServer } from "../health/health_server.ts";
import { messageOf } from "../message_of.ts";
import { ensurePrivateDir } from "../private_dir.ts";
import { claimRuntimeDir } from "../runtime_claim.ts";
import type { Installation, Logger } from "../types.ts";
import type { Beat } from "./keep_supervised.ts";

/** A stat and an open of each file; nobody waits for it. */
const LOOK_MS = 1000;

/** A lock whose file may be deleted while it is held. */
export class InstanceLock {
  readonly #name: string;
  #lock: FileLock;

  constructor(lock: FileLock, name: string) {
    this.#lock = lock;
    this.#name = name;
  }

  /** Takes the file that stands there now, unless it is the one that is locked. Whether it did. */
  renew(): boolean {
    // An open file of its own: what this process holds already is held for it too.
    const another = tryFileLock(this.#lock.path, this.#name);
    if (another === undefined) return false;
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
  readonly lock: InstanceLock;
  readonly health: HealthServer;
  readonly log: Logger;
}

/** Looks once a second until `stop`. What cannot be made again is said once, and tried again. */
export function keepFound(found: FoundBy): Beat {
  let trouble: string | undefined;
  const timer = setInterval(() => {
    try {
      look(found);
      trouble = undefined;
    } catch (error) {
      const text = messageOf(error);
      if (text !== trouble) found.log.warn({ error }, `cannot keep ${found.paths.runtime}: ${text}`);
      trouble = text;
    }
  }, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
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
