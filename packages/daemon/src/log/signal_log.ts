/**
 * Lines about signals: each receipt and each emission at info, so that logs alone tell the story; bodies at debug.
 *
 * Above a rate, lines are counted instead and one line sums them up: a backlog of 44,000 files must not become a log of
 * 88,000 lines. Warnings and errors are never sampled.
 */
import type { Envelope } from "@kloros/signal-schema";
import type { Clock } from "../types.ts";
import type { KitLogger } from "./create_log.ts";

export interface SignalLog {
  /** `what`: "received", "settled", "emitted", "dry". */
  line(what: string, signal: Envelope, fields?: object): void;
  /** Lines a second, from now on. */
  allow(linesMax: number): void;
  /** Writes the sum of what was left out, if anything; called every few seconds and at the end. */
  flush(): void;
}

const WINDOW_MS = 1000;

export interface SignalLogOptions {
  readonly log: KitLogger;
  readonly clock: Clock;
  /** Lines a second. */
  readonly linesMax: number;
}

export function createSignalLog({ log, clock, linesMax: first }: SignalLogOptions): SignalLog {
  let linesMax = first;
  let windowStart = clock.monotonicMs();
  let written = 0;
  let skipped = new Map<string, number>();

  function flush(): void {
    if (skipped.size === 0) return;
    const counts = Object.fromEntries(skipped);
    skipped = new Map();
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    log.info({ skipped: total, by: counts }, `${total} more lines about signals were left out`);
  }

  function roll(): void {
    const now = clock.monotonicMs();
    if (now - windowStart < WINDOW_MS) return;
    flush();
    windowStart = now;
    written = 0;
  }

  return {
    flush,
    allow: (lines) => {
      linesMax = lines;
    },
    line: (what, signal, fields = {}) => {
      roll();
      written += 1;
      if (written > linesMax) {
        const key = `${what} ${signal.signal}`;
        skipped.set(key, (skipped.get(key) ?? 0) + 1);
        return;
      }
      log.info({ ...headOf(signal), ...fields }, what);
      if (log.isEnabled("debug")) log.debug({ id: signal.id, facts: signal.facts }, `${what}: body`);
    },
  };
}

function headOf(signal: Envelope): object {
  const cause = signal.cause === undefined ? {} : { cause: signal.cause };
  return { signal: signal.signal, id: signal.id, ...cause, trace: signal.trace };
}
