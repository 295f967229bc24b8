/** What is stored before a cycle starts, so that a redelivery finds it again. Pure. */
import type { CompletionFacts } from "./decide.ts";

/** A waiting trigger that this cycle answers for. */
export interface Absorbed {
  readonly id: string;
  readonly promotionIds: readonly string[];
}

export interface CyclePlan {
  readonly kind: "cycle";
  readonly runTag: string;
  /** Wall clock, UTC ms. */
  readonly startedAtMs: number;
  readonly absorbed: readonly Absorbed[];
  /** Newest trigger that was stored when the cycle began; later ones came while it ran. */
  readonly lastSeq: number;
  /** Winners' files before the cycle, name → fingerprint; null: the runner writes a report. */
  readonly winnersBefore: Readonly<Record<string, string>> | null;
  /** Leader of the process group; null: not started, or not told yet. */
  readonly process: ProcessIdentity | null;
  /** How it ended; null: not yet, or too large for a plan. */
  readonly result: CompletionFacts | null;
}

/** Survives the reuse of a pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Of this boot, in clock ticks (field 22 of /proc/PID/stat). */
  readonly startTicks: number;
  readonly bootId: string;
}

/** A plan as it came back with a redelivery; null when there is none. */
export function readPlan(value: unknown): CyclePlan | null {
  if (typeof value !== "object" || value === null) return null;
  return (value as Partial<CyclePlan>).kind === "cycle" ? (value as CyclePlan) : null;
}

/** A plan holds 64 KiB; what else stands in it needs little. */
const RESULT_BYTES_MAX = 24 * 1024;

/** A larger result is read again from the report. */
export function withResult(plan: CyclePlan, result: CompletionFacts): CyclePlan {
  const fits = new TextEncoder().encode(JSON.stringify(result)).length <= RESULT_BYTES_MAX;
  return { ...plan, result: fits ? result : null };
}
