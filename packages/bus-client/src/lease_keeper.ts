import type { HeldLease } from "@kloros/journal";
import type { Ambient } from "./ambient.ts";
import { RetryableError } from "./errors.ts";
import type { Work } from "./work.ts";

export interface KeeperOptions {
  works(): Iterable<Work>;
  extend(leases: readonly HeldLease[]): void;
  readonly handlerTimeoutMs: number;
  /** The handler ran on for `GRACE_MS` after its abort signal. */
  giveUp(work: Work): void;
}

/** How long a handler may take to react to its abort signal, ms: as long again as a slow file system needs to end a write. */
export const GRACE_MS = 5000;
/** Timers closer together than this are one. */
const STEP_MS_MIN = 5;

/**
 * One timer for all deliveries of a consumption: extends leases (each a third of its length after the last time, whether queued,
 * running or being committed) and ends handlers that take too long. Sleeps while there is nothing to keep.
 */
export class LeaseKeeper {
  readonly #ambient: Ambient;
  readonly #options: KeeperOptions;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(ambient: Ambient, options: KeeperOptions) {
    this.#ambient = ambient;
    this.#options = options;
  }

  /** New deliveries came. */
  wake(): void {
    if (this.#cancel !== undefined || this.#stopped) return;
    this.#sleep(this.#nextDue(this.#ambient.monotonicMs()));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #sleep(due: number | undefined): void {
    this.#cancel = undefined;
    if (due === undefined || this.#stopped) return;
    const delay = Math.max(STEP_MS_MIN, due - this.#ambient.monotonicMs());
    this.#cancel = this.#ambient.after(delay, () => {
      this.#sweep();
    });
  }

  #sweep(): void {
    const now = this.#ambient.monotonicMs();
    const due: HeldLease[] = [];
    for (const work of [...this.#options.works()]) {
      if (work.phase === "lost") continue;
      // Half of the step early counts, so that many deliveries share one message.
      if (now - work.extendedAt >= work.grant.leaseMs / 6) {
        work.extendedAt = now;
        due.push(work.lease);
      }
      if (work.phase === "running") this.#limit(work, now);
    }
    if (due.length > 0) this.#options.extend(due);
    this.#sleep(this.#nextDue(now));
  }

  #limit(work: Work, now: number): void {
    const { handlerTimeoutMs } = this.#options;
    if (work.timedOutAt === undefined) {
      if (now - work.startedAt < handlerTimeoutMs) return;
      work.timedOutAt = now;
      work.stop(new RetryableError("timeout", `the handler took longer than ${String(handlerTimeoutMs)} ms`));
    } else if (now - work.timedOutAt >= GRACE_MS) {
      this.#options.giveUp(work);
    }
  }

  /** A work that starts later is due later: the earliest of those known now is early enough. */
  #nextDue(now: number): number | undefined {
    let due: number | undefined;
    for (const work of this.#options.works()) {
      if (work.phase === "lost") continue;
      const limit =
        work.timedOutAt === undefined
          ? (work.phase === "running" ? work.startedAt : now) + this.#options.handlerTimeoutMs
          : work.timedOutAt + GRACE_MS;
      due = Math.min(due ?? Infinity, work.extendedAt + work.grant.leaseMs / 3, limit);
    }
    return due;
  }
}
