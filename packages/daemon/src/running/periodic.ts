import type { Periodic } from "../types.ts";

export interface PeriodicOptions {
  readonly intervalMs: number;
  readonly onError: (error: unknown) => void;
  readonly onEnd: (ok: boolean) => void;
}

/** Runs `task` now and then `intervalMs` after each end; never two at once. A failing run is reported and followed by the next. */
export function startPeriodic(task: () => Promise<void>, options: PeriodicOptions): Periodic {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  async function run(): Promise<void> {
    try {
      await task();
      options.onEnd(true);
    } catch (error) {
      options.onError(error);
      options.onEnd(false);
    }
  }

  function start(): void {
    clearTimeout(timer);
    if (stopped) return;
    again = false;
    running = run().then(() => {
      running = undefined;
      if (stopped) return;
      if (again) start();
      else timer = setTimeout(start, options.intervalMs);
    });
  }

  // Not in this turn: the caller has not got the handle yet.
  timer = setTimeout(start, 0);
  return {
    trigger: () => {
      if (running === undefined) start();
      else again = true;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
