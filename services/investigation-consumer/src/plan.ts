/** What a delivery's plan holds: enough to find the record again, or to make the same one again. Pure. */
import { readAppendPlan, type AppendPlan } from "@kloros/daemon";
import type { Stamp } from "./record.ts";

export interface InvestigationPlan {
  readonly append: AppendPlan;
  readonly stamp: Stamp;
}

/** Null when it is none of ours. */
export function readPlan(value: unknown): InvestigationPlan | null {
  if (typeof value !== "object" || value === null || !("append" in value) || !("stamp" in value)) return null;
  const append = readAppendPlan(value.append);
  const stamp = readStamp(value.stamp);
  return append === null || stamp === null ? null : { append, stamp };
}

function readStamp(value: unknown): Stamp | null {
  if (typeof value !== "object" || value === null) return null;
  const { timestamp, duration_ms, queue_wait_time_ms } = value as Partial<Record<keyof Stamp, unknown>>;
  if (typeof timestamp !== "string") return null;
  if (typeof duration_ms !== "number" || typeof queue_wait_time_ms !== "number") return null;
  return { timestamp, duration_ms, queue_wait_time_ms };
}
