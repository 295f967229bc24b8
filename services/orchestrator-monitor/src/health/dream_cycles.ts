/** How the D-REAM cycles ended, from the signals that tell it. Pure. */
import { DreamTimeout, isSignal, type Envelope } from "@kloros/signal-schema";
import { type CycleEnd, cycleEnd } from "../cycle_end.ts";

/** In the order of their ends in the journal: the clock may be set between two. What came after a timeout corrects it. */
export function cyclesOf(signals: readonly Envelope[]): readonly CycleEnd[] {
  const cycles = new Map<string, CycleEnd>();
  for (const signal of signals) {
    const end = cycleEnd(signal);
    if (end === undefined || (isSignal(DreamTimeout, signal) && cycles.has(end.cycle))) continue;
    cycles.delete(end.cycle);
    cycles.set(end.cycle, end);
  }
  return [...cycles.values()];
}

/** Those at the end that failed one after the other. */
export function failedInARow(cycles: readonly CycleEnd[]): readonly CycleEnd[] {
  return cycles.slice(cycles.findLastIndex(({ success }) => success) + 1);
}
