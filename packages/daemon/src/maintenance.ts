/**
 * Maintenance mode: a marker file that people and tools put into the home. Who asks waits; nothing is dropped.
 *
 * Looked at when asked and at most once a second while somebody waits: a stat costs microseconds and cannot be missed,
 * an inotify watch can.
 */
import { existsSync } from "node:fs";
import { pauseOrThrow } from "./pause.ts";

const POLL_MS = 1000;

export interface Maintenance {
  /** Looks now. */
  active(): boolean;
  /** Resolves when it is `on` (or off); at once when it already is. Rejects with the reason of `abort`. */
  until(on: boolean, abort: AbortSignal): Promise<void>;
}

export function watchMaintenance(marker: string, pollMs: number = POLL_MS): Maintenance {
  const active = (): boolean => existsSync(marker);
  return {
    active,
    until: async (on, abort) => {
      abort.throwIfAborted();
      while (active() !== on) await pauseOrThrow(pollMs, abort);
    },
  };
}
