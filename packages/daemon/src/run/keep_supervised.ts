/** Feeds the service manager: proof of progress while it runs, more time while it legitimately starts or stops. */
import type { Progress } from "../running/progress.ts";
import type { Supervisor } from "../supervisor.ts";
import type { Logger } from "../types.ts";

/** Without a watchdog, progress is proven this often, for /healthz. */
const PROOF_MS = 10_000;
const EXTEND_EVERY_MS = 5000;
/** More than twice the interval: one beat may be late. */
const EXTEND_BY_MS = 15_000;

export interface Beat {
  stop(): void;
}

/** A beat that is left out would, at the watchdog's half, make the next one the last moment: it is tried again so much sooner. */
const SOONER = 5;

/**
 * At half the watchdog's interval; a beat without proof is left out, soon tried again, and why is logged once each time it
 * changes.
 */
export function beat(supervisor: Supervisor, progress: Progress, log: Logger): Beat {
  const intervalMs = supervisor.watchdogIntervalMs > 0 ? supervisor.watchdogIntervalMs / 2 : PROOF_MS;
  let before: string | undefined;
  let next: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  async function once(): Promise<void> {
    const beganAt = performance.now();
    const problem = await progress.prove();
    if (stopped) return;
    const waitMs = problem === undefined ? intervalMs - (performance.now() - beganAt) : intervalMs / SOONER;
    next = setTimeout(() => void once(), Math.max(0, waitMs));
    if (problem === undefined) supervisor.watchdog();
    if (problem !== before) {
      if (problem !== undefined) log.warn({ problem }, "no progress: the watchdog is not fed");
      else log.info({}, "progress again");
    }
    before = problem;
  }
  void once();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(next);
    },
  };
}

/** A start that waits for the bus is no failed start: asks systemd for more time until `stop`. */
export function extendStart(supervisor: Supervisor): Beat {
  if (!supervisor.present) return { stop: () => undefined };
  supervisor.extendTimeout(EXTEND_BY_MS);
  const timer = setInterval(() => {
    supervisor.extendTimeout(EXTEND_BY_MS);
    // The watchdog counts from the start of the process on.
    supervisor.watchdog();
  }, EXTEND_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}
