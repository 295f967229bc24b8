/** What a signal says of the end of a D-REAM cycle. Pure. */
import { DreamComplete, DreamTimeout, isSignal, type Envelope } from "@kloros/signal-schema";

export interface CycleEnd {
  /** Id of the trigger: a timeout and a late completion are one cycle. */
  readonly cycle: string;
  readonly success: boolean;
  readonly runTag: string | null;
  /** UTC ms. */
  readonly endedMs: number;
  readonly why: string;
}

/** Undefined for what is not the end of a cycle: another signal, a trigger that was answered without one. */
export function cycleEnd(signal: Envelope): CycleEnd | undefined {
  const endedMs = Date.parse(signal.timestamp);
  if (isSignal(DreamTimeout, signal)) {
    const { request_id: cycle, run_tag: runTag = null, timeout_seconds: limitS } = signal.facts;
    return { cycle, success: false, runTag, endedMs, why: `no answer within ${limitS} s` };
  }
  if (isSignal(DreamComplete, signal)) {
    const { success, outcome, error, run_tag: runTag } = signal.facts;
    if (outcome === "coalesced" || outcome === "refused") return undefined;
    const cycle = signal.cause ?? signal.id;
    return { cycle, success, runTag, endedMs, why: error ?? outcome ?? "it failed" };
  }
  return undefined;
}
