/**
 * How long conditions have lasted, each from the first look that saw it. Monotonic: a clock that is set changes nothing.
 * Where an alert stands already, a process that was started again goes on from there.
 */
import type { Clock } from "@kloros/daemon";
import type { Told } from "./alert.ts";

export interface Stopwatch {
  /** Starts it where it does not run. ms. */
  lasts(key: string, before?: { readonly told: Told | undefined; readonly unitMs: number }): number;
  over(key: string): void;
  allOver(): void;
}

export function createStopwatch(clock: Clock): Stopwatch {
  const since = new Map<string, number>();
  return {
    lasts: (key, before) => {
      const now = clock.monotonicMs();
      const from = since.get(key) ?? now - lastedBefore(before, clock.wallMs());
      since.set(key, from);
      return now - from;
    },
    over: (key) => void since.delete(key),
    allOver: () => {
      since.clear();
    },
  };
}

function lastedBefore(
  before: { readonly told: Told | undefined; readonly unitMs: number } | undefined,
  nowMs: number,
): number {
  if (before?.told === undefined) return 0;
  const { value, atMs } = before.told;
  return value * before.unitMs + Math.max(0, nowMs - atMs);
}
