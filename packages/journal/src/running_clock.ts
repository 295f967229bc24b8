/** The broker's own clock: monotonic across restarts, standing still while nothing runs. */
import type { BrokerClock } from "./broker_options.ts";
import type { Boot, TimeReading } from "./deadlines/time_away.ts";

/** One step advances the clock by at most this: a longer gap was a stop, not waiting, ms. */
const STEP_MAX = 250;
/** A longer gap: who knows what its clients said meanwhile, ms. */
const STOOD_STILL_MS = 1000;

export class RunningClock {
  readonly #clock: BrokerClock;
  readonly #boot: Boot | undefined;
  readonly #bootSeen: number;
  #now: number;
  #seen: number;

  /** `startMs`: where it stood when it last ran. */
  constructor(clock: BrokerClock, startMs: number) {
    this.#clock = clock;
    this.#now = startMs;
    this.#seen = clock.monotonicMs();
    this.#boot = clock.boot?.();
    this.#bootSeen = this.#seen;
  }

  /** Ms. */
  get now(): number {
    return this.#now;
  }

  /** False: it had stood still. */
  advance(): boolean {
    const seen = this.#clock.monotonicMs();
    const gap = Math.max(0, seen - this.#seen);
    this.#now += Math.min(gap, STEP_MAX);
    this.#seen = seen;
    return gap <= STOOD_STILL_MS;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  /** By the clocks of the machine. */
  reading(): TimeReading {
    const boot = this.#boot;
    const uptimeMs = (boot?.uptimeMs ?? 0) + this.#clock.monotonicMs() - this.#bootSeen;
    return { wallMs: this.#clock.wallMs(), boot: boot === undefined ? undefined : { id: boot.id, uptimeMs } };
  }
}
