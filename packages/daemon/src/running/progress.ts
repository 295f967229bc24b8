/**
 * Whether this process gets anywhere: what the watchdog is fed with. A process that merely answers is not enough.
 *
 * Proven when the main loop turns (else nothing here runs), the bus answers a ping or is away for a legitimate time, and
 * no handler is beyond its limit.
 */
import type { Bus } from "@kloros/bus-client";
import type { Clock } from "../types.ts";

export interface Progress {
  /** Notes a handler; call the result when it ended. */
  begin(what: string, limitMs: number): () => void;
  /** Why there is none; undefined: there is. Also keeps it for `last`. */
  prove(): Promise<string | undefined>;
  /** How long the bus may be away, from now on. */
  tolerate(busAwayMaxMs: number): void;
  /** What the last proof said. */
  readonly last: string | undefined;
}

/** A handler learns of its limit by its abort signal; this much later it is stuck. */
const HANDLER_SLACK_MS = 10_000;
const PING_TIMEOUT_MS = 3000;

export interface ProgressOptions {
  readonly clock: Clock;
  /** Absent for the bus itself. */
  readonly bus?: Pick<Bus, "state" | "ping" | "onState"> | undefined;
  /** 0: for ever. */
  readonly busAwayMaxMs: number;
  readonly pingTimeoutMs?: number;
}

export function trackProgress({ clock, bus, pingTimeoutMs, ...options }: ProgressOptions): Progress {
  let { busAwayMaxMs } = options;
  const running = new Map<symbol, { readonly what: string; readonly deadlineMs: number }>();
  let awaySince = clock.monotonicMs();
  let last: string | undefined;
  bus?.onState((state) => {
    if (state !== "connected") awaySince = clock.monotonicMs();
  });

  async function busProblem(): Promise<string | undefined> {
    if (bus === undefined) return undefined;
    if (bus.state === "connected") {
      try {
        await bus.ping({ timeoutMs: pingTimeoutMs ?? PING_TIMEOUT_MS });
        return undefined;
      } catch (error) {
        if (bus.state === "connected") return `the bus does not answer: ${String(error)}`;
      }
    }
    const away = clock.monotonicMs() - awaySince;
    return busAwayMaxMs > 0 && away > busAwayMaxMs
      ? `the bus has been away for ${String(Math.round(away / 1000))} s`
      : undefined;
  }

  function handlerProblem(): string | undefined {
    const now = clock.monotonicMs();
    const stuck = [...running.values()].find((one) => now > one.deadlineMs);
    return stuck === undefined ? undefined : `${stuck.what} is beyond its time limit`;
  }

  return {
    begin: (what, limitMs) => {
      const key = Symbol(what);
      running.set(key, { what, deadlineMs: clock.monotonicMs() + limitMs + HANDLER_SLACK_MS });
      return () => {
        running.delete(key);
      };
    },
    prove: async () => {
      last = handlerProblem() ?? (await busProblem());
      return last;
    },
    tolerate: (awayMaxMs) => {
      busAwayMaxMs = awayMaxMs;
    },
    get last() {
      return handlerProblem() ?? last;
    },
  };
}
