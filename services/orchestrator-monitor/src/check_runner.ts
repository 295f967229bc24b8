/**
 * Runs one check: never two looks at once, and signals that arrive in a burst share a look instead of causing one each.
 */
import type { Envelope } from "@kloros/signal-schema";
import type { Check } from "./check.ts";

export interface CheckRunner {
  /** A look because time passed or a file changed. */
  look(): Promise<void>;
  /** A look because of this signal; resolves when one that knew of it is done and published, rejects when that failed. */
  lookBecause(signal: Envelope): Promise<void>;
  /** How long the next change waits for others, ms. */
  gatherMs(): number;
}

export interface RunnerOptions {
  readonly publish: (signals: readonly Envelope[]) => Promise<void>;
  /** How long a first signal waits for others to share its look, ms. */
  readonly gatherMs: number;
  /** How many times what it computed a look is followed by a rest. Default 4. */
  readonly rest?: number;
  /** The check wants another look this soon, ms. */
  readonly again?: (inMs: number) => void;
}

/**
 * A look that computes long (a large registry) is followed by a rest of so many times that: a fifth of a core at most. A slow
 * disk costs no rest.
 */
const REST = 4;

/** At most this many advisories a publish: well below what the bus takes at once (512). */
const PUBLISH_MAX = 256;

export function createCheckRunner(check: Check, options: RunnerOptions): CheckRunner {
  let gathered: Envelope[] = [];
  let shared: Promise<void> | undefined;
  let turn: Promise<void> = Promise.resolve();
  let restUntil = 0;

  const lookNow = async (signals: readonly Envelope[]): Promise<void> => {
    const before = process.threadCpuUsage();
    const { advisories, published, againInMs } = await check.run({ signals });
    const { user, system } = process.threadCpuUsage(before);
    restUntil = performance.now() + ((user + system) / 1000) * (options.rest ?? REST);
    for (let n = 0; n < advisories.length; n += PUBLISH_MAX) {
      await options.publish(advisories.slice(n, n + PUBLISH_MAX));
    }
    await published?.();
    if (againInMs !== undefined) options.again?.(againInMs);
  };
  const inTurn = (task: () => Promise<void>): Promise<void> => {
    const mine = turn.then(task);
    turn = mine.catch(() => undefined);
    return mine;
  };
  /** Only this look takes the signals: whoever waits for them has to learn how it ended. */
  const lookAtGathered = (): Promise<void> => {
    const signals = gathered;
    gathered = [];
    shared = undefined;
    return lookNow(signals);
  };
  const gatherMs = (): number => Math.max(options.gatherMs, restUntil - performance.now());
  return {
    gatherMs,
    look: () => inTurn(() => lookNow([])),
    lookBecause: (signal) => {
      gathered.push(signal);
      shared ??= Bun.sleep(gatherMs()).then(() => inTurn(lookAtGathered));
      return shared;
    },
  };
}
