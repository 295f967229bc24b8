/**
 * One turn of the bus's main loop, and how long to wait for input before the next. Who waits, and for what, is the caller's
 * (run_loop.ts); a simulation drives the same turns.
 */
import type { Broker } from "@kloros/journal";
import type { BusServer } from "./bus_server.ts";

export interface MainLoopOptions {
  readonly server: Pick<BusServer, "drain" | "keepHouse" | "pending">;
  readonly broker: Pick<Broker, "tick" | "flush">;
  /** When nothing was said for a second, ms: how late everything but input may be then. Default 100. */
  readonly idleWaitMs?: number | undefined;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
}

/** While an answer of the reader thread is awaited: it comes through the event loop, ms. */
const PENDING_WAIT_MS = 1;
/** In between, ms: retries are that punctual. */
const WAIT_MS = 20;
/** When nothing was said for `QUIET_AFTER_MS`, ms: 10 turns a second cost 0.3 % of a core, 50 cost 0.8. */
const QUIET_WAIT_MS = 100;
const QUIET_AFTER_MS = 1000;
/** Retries and leases are looked at so often, ms (the broker asks for at least 250). */
const TICK_MS = 10;
/** The same while there is always more input: then it is handled first, but not for ever, ms. */
const TICK_MS_MAX = 200;

export class MainLoop {
  readonly #options: MainLoopOptions;
  readonly #idleWaitMs: number;
  #workedAt: number;
  #tickedAt: number;
  #more = false;

  constructor(options: MainLoopOptions) {
    this.#options = options;
    this.#idleWaitMs = options.idleWaitMs ?? QUIET_WAIT_MS;
    this.#workedAt = this.#tickedAt = options.nowMs();
  }

  /** How long to wait for input; 0: there is some already. */
  get waitMs(): number {
    if (this.#more) return 0;
    if (this.#options.server.pending > 0) return PENDING_WAIT_MS;
    const quiet = this.#options.nowMs() - this.#workedAt > QUIET_AFTER_MS;
    return quiet ? this.#idleWaitMs : Math.min(WAIT_MS, this.#idleWaitMs);
  }

  /** Handles what arrived, commits, lets the results out, looks after the house. What waits for the commit goes on afterwards. */
  turn(): void {
    const { server, broker, nowMs } = this.#options;
    const { worked, more } = server.drain();
    this.#more = more;
    const now = nowMs();
    if (worked) this.#workedAt = now;
    if (now - this.#tickedAt >= (more ? TICK_MS_MAX : TICK_MS)) {
      this.#tickedAt = now;
      server.keepHouse();
      broker.tick({ drained: !more });
    } else {
      broker.flush();
    }
  }
}
