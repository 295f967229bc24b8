/** What is stored before a completion has any effect, so that a redelivery decides on what the first attempt saw. Pure. */
import { readAppendPlan, type AppendPlan } from "@kloros/daemon";
import { readEntry, type EvidenceEntry } from "./evidence.ts";

export interface TakeInPlan {
  readonly append: AppendPlan;
  /** What was known of the module; null: nothing. Decides only for a module without state on the bus. */
  readonly before: EvidenceEntry | null;
}

/** The bus takes plans of 64 KiB; an entry that somebody else wrote may be larger. */
const ENTRY_BYTES_MAX = 48 * 1024;

/** Of an entry that is too large, what decides stays (its times and suppression); only `changed` may name more then. */
export function makePlan(append: AppendPlan, before: EvidenceEntry | null): TakeInPlan {
  if (before === null || Buffer.byteLength(JSON.stringify(before)) <= ENTRY_BYTES_MAX)
    return { append, before };
  const emptied = { integrates_with: [], provides_capabilities: [], key_abstractions: [], purpose: null };
  return { append, before: { ...before, ...emptied } };
}

/** Null when there is none of ours. */
export function readPlan(value: unknown): TakeInPlan | null {
  if (typeof value !== "object" || value === null || !("append" in value) || !("before" in value))
    return null;
  const append = readAppendPlan(value.append);
  return append === null ? null : { append, before: readEntry(value.before) };
}
