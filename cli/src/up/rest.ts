/** When the flow has come to rest. Pure. */

/** What was seen at one moment. */
export interface RestSample {
  readonly atMs: number;
  /** Services that are not ready, with why. */
  readonly unready: readonly string[];
  /** Open deliveries of all durable consumers. */
  readonly open: number;
  /** Intent files that wait to be routed. */
  readonly intents: number;
  /** Whether the source tree was looked through, and nothing is left to ask. */
  readonly discovered: boolean;
  /** Whether the promotions that wait were looked at and told of. */
  readonly promotionsSeen: boolean;
  /** Grows with each signal that is said, stored or not. */
  readonly activity: number;
}

/** Nothing may happen for so long. */
const QUIET_MS = 1000;

export class RestWatch {
  readonly #quietMs: number;
  #quietSinceMs: number | undefined;
  #activity = -1;
  #last: RestSample | undefined;

  constructor(quietMs: number = QUIET_MS) {
    this.#quietMs = quietMs;
  }

  /** True when everything has been quiet for long enough. */
  observe(sample: RestSample): boolean {
    const quiet = reasonsOf(sample).length === 0 && sample.activity === this.#activity;
    this.#activity = sample.activity;
    this.#last = sample;
    if (!quiet) this.#quietSinceMs = undefined;
    else this.#quietSinceMs ??= sample.atMs;
    return this.#quietSinceMs !== undefined && sample.atMs - this.#quietSinceMs >= this.#quietMs;
  }

  /** What keeps the flow from rest. */
  reasons(): readonly string[] {
    if (this.#last === undefined) return ["the bus was not reached"];
    const reasons = reasonsOf(this.#last);
    return reasons.length === 0 ? ["signals kept coming"] : reasons;
  }
}

function reasonsOf(sample: RestSample): readonly string[] {
  return [
    ...sample.unready,
    ...(sample.open === 0 ? [] : [`${sample.open} deliveries are open`]),
    ...(sample.intents === 0 ? [] : [`${sample.intents} intent files wait`]),
    ...(sample.promotionsSeen ? [] : ["orchestrator-monitor has not looked for promotions yet"]),
    ...(sample.discovered ? [] : ["curiosity-core has not looked through the source tree yet"]),
  ];
}
