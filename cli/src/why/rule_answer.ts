/** What the rules that emit a signal made of what they saw, up to a moment. */
import type { NotReport } from "./not_report.ts";
import type { Knowledge } from "./knowledge.ts";

/** Evaluations that are told. */
const RECORDS_MAX = 5;

export async function ruleAnswer(
  signal: string,
  atMs: number,
  { decisions, noDecisions }: Knowledge,
): Promise<NonNullable<NotReport["rules"]>> {
  if (decisions === undefined) return { sentences: [noDecisions ?? "there is no decision log"], records: [] };
  const { explainEmitting } = await import("@kloros/policy-engine");
  const emitting = decisions.emitting(signal, { atMs, limit: RECORDS_MAX });
  return { sentences: explainEmitting(emitting), records: emitting.records };
}
