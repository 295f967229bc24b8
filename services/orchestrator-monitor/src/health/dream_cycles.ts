/** How the D-REAM cycles ended, from the signals that tell it. Pure. */
import { DreamComplete, DreamTimeout, isSignal, type Envelope } from "@kloros/signal-schema";

export interface Cycle {
  /** Id of the trigger that it answered. */
  readonly trigger: string;
  readonly success: boolean;
  /** UTC ms. */
  readonly endedMs: number;
  readonly why: string;
}

/** In the order of their ends in the journal: the clock may be set between two. A trigger that was answered without a cycle is none; what came after a timeout corrects it. */
export function cyclesOf(signals: readonly Envelope[]): readonly Cycle[] {
  const cycles = new Map<string, Cycle>();
  for (const signal of signals) {
    const endedMs = Date.parse(signal.timestamp);
    if (isSignal(DreamTimeout, signal)) {
      const trigger = signal.facts.request_id;
      const why = `no answer within ${signal.facts.timeout_seconds} s`;
      if (!cycles.has(trigger)) cycles.set(trigger, { trigger, success: false, endedMs, why });
    } else if (isSignal(DreamComplete, signal)) {
      const { success, outcome, error } = signal.facts;
      if (outcome === "coalesced" || outcome === "refused") continue;
      const trigger = signal.cause ?? signal.id;
      cycles.delete(trigger);
      cycles.set(trigger, { trigger, success, endedMs, why: error ?? outcome ?? "it failed" });
    }
  }
  return [...cycles.values()];
}

/** Those at the end that failed one after the other. */
export function failedInARow(cycles: readonly Cycle[]): readonly Cycle[] {
  return cycles.slice(cycles.findLastIndex(({ success }) => success) + 1);
}
