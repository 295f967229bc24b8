/** The variables of an expression: what a signal says, and the time. Pure. */
import { findSignal } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { celTime, longestList, toCel } from "./cel_values.ts";
import type { Bindings } from "./expression.ts";

export type JudgedSignal = Pick<Envelope, "signal" | "id" | "source" | "timestamp"> & {
  readonly facts: object;
};

export interface BoundSignal {
  readonly bindings: Bindings;
  readonly listSizeMax: number;
}

/** `wallMs`: UTC, what `now` is. */
export function bindSignal(signal: JudgedSignal, { wallMs }: { readonly wallMs: number }): BoundSignal {
  const timestampMs = Date.parse(signal.timestamp);
  return {
    bindings: {
      facts: toCel(signal.facts, findSignal(signal.signal)?.facts),
      signal: {
        name: signal.signal,
        id: signal.id,
        source: signal.source,
        timestamp: celTime(Number.isNaN(timestampMs) ? 0 : timestampMs),
      },
      now: celTime(wallMs),
    },
    listSizeMax: longestList(signal.facts),
  };
}
