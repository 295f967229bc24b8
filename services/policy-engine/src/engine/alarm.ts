/**
 * Wakes the engine when a debounce is over, by a signal to itself: so that what follows commits like all else. The wait
 * itself lives in the state; this clock only says when to look, and may say it too often.
 */
import { pause } from "@kloros/daemon";

export interface Alarm {
  /** The next moment that somebody waits for; undefined: nobody does. */
  set(due: { readonly rule: string; readonly inMs: number } | undefined): void;
}

/** So that it is over when the engine looks. */
const SLACK_MS = 10;
/** A timer of the platform holds 24 days; a wait is looked at again now and then. */
const WAIT_MS_MAX = 6 * 3_600_000;

export function createAlarm(ring: (rule: string) => Promise<void>, stopping: AbortSignal): Alarm {
  let current = 0;
  return {
    set: (due) => {
      current += 1;
      if (due === undefined) return;
      const mine = current;
      void pause(Math.min(Math.max(0, due.inMs) + SLACK_MS, WAIT_MS_MAX), stopping).then(async () => {
        if (mine === current && !stopping.aborted) await ring(due.rule);
      });
    },
  };
}
