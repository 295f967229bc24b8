/** When waiting promotions are told of: at each change, in each interval, and when a deployment ended. */
import type { Clock } from "@kloros/daemon";
import { DeploymentComplete, isSignal } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";

interface Told {
  readonly ids: string;
  /** Monotonic. */
  readonly atMs: number;
}

/** A timer that fires a moment early must not skip a turn. */
const EARLY = 0.9;

export function createTelling(intervalMs: number, clock: Pick<Clock, "monotonicMs">) {
  const known = new Map<string, Told>();
  let about = new Map<string, Told>();
  return {
    /** `ids`: of those that wait in this directory; absent: none. */
    isWorthTelling: (
      directory: string,
      ids: readonly string[] | undefined,
      signals: readonly Envelope[],
    ): boolean => {
      if (ids === undefined) {
        known.delete(directory);
        return false;
      }
      const now = { ids: JSON.stringify(ids), atMs: clock.monotonicMs() };
      const before = known.get(directory);
      const ended = signals.some((signal) => isSignal(DeploymentComplete, signal));
      const news = before?.ids !== now.ids || ended || now.atMs - before.atMs >= intervalMs * EARLY;
      if (news) about.set(directory, now);
      return news;
    },
    /** They are on the bus. */
    told: (): void => {
      for (const [directory, told] of about) known.set(directory, told);
      about = new Map();
    },
  };
}
