/** What a trigger leads to and what a cycle's end means. Pure: no bus, no files, no clock. */
import { isUsableWinner, type CycleReport, type Winner } from "@kloros/dream-runner";
import { DreamComplete, validateFacts, type DreamTrigger, type FactsOf } from "@kloros/signal-schema";
import type { Absorbed } from "./plan.ts";

export type TriggerFacts = FactsOf<typeof DreamTrigger>;
export type CompletionFacts = FactsOf<typeof DreamComplete>;

/** How a cycle's process ended. */
export type CycleEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "timeout"; readonly limitS: number; readonly code: number | null }
  | { readonly kind: "not_started"; readonly error: string };

/** Of a program that ended because it was asked to (128 + SIGTERM). */
export const STOPPED_EXIT_CODE = 143;

/**
 * Whether a report that was found after a restart tells of a cycle that ended by itself. One that was asked to end, by a
 * stop of this service say, is to run again.
 */
export function isAdoptable(report: CycleReport): boolean {
  return report.exit_code !== STOPPED_EXIT_CODE;
}

/** What it left. `foreign`: the winners' files that changed, of a runner that writes no report. */
export type CycleYield =
  | { readonly kind: "report"; readonly report: CycleReport; readonly path: string }
  | { readonly kind: "foreign"; readonly winners: readonly Winner[]; readonly unreadable: readonly string[] }
  | { readonly kind: "nothing"; readonly error: string };

/** What is told of a cycle whatever came of it. */
export interface CycleStory {
  readonly trigger: TriggerFacts;
  readonly absorbed: readonly Absorbed[];
  readonly runTag: string;
  readonly durationS: number;
  /** Last lines of its output. */
  readonly lastWords: string;
}

/** Below the 256 KiB of a signal, with room for its envelope. */
const FACTS_BYTES_MAX = 250 * 1024;
const ERROR_LENGTH_MAX = 2000;

/** A result that no signal could hold, or that is none by the schema, is a failure that says so: no trigger stays unanswered. */
export function completionOf(story: CycleStory, end: CycleEnd, left: CycleYield): CompletionFacts {
  const facts = tell(story, end, left);
  const error = untellable(facts);
  return error === undefined ? facts : tell(story, end, { kind: "nothing", error });
}

function untellable(facts: CompletionFacts): string | undefined {
  const bytes = new TextEncoder().encode(JSON.stringify(facts)).length;
  if (bytes > FACTS_BYTES_MAX)
    return `its ${facts.winners?.length ?? 0} winners and the promotions take ${bytes} bytes, a signal holds ${FACTS_BYTES_MAX}: let fewer experiments or parameters win in one cycle`;
  const checked = validateFacts(DreamComplete, facts);
  return checked.ok ? undefined : `its result is not one: ${checked.text}`;
}

function tell(story: CycleStory, end: CycleEnd, left: CycleYield): CompletionFacts {
  const verdict = judge(end, left);
  const ids = considered(story.trigger, story.absorbed);
  return {
    success: verdict.error === undefined,
    exit_code: "code" in end ? end.code : null,
    duration_s: story.durationS,
    run_tag: story.runTag,
    trigger_reason: story.trigger.reason,
    trigger_topic: story.trigger.topic,
    promotion_count: story.trigger.promotion_count,
    outcome: end.kind === "timeout" ? "timeout" : verdict.error === undefined ? "completed" : "failed",
    winners: verdict.winners,
    ...(ids === undefined ? {} : { promotion_ids: ids }),
    ...reported(left),
    ...(verdict.error === undefined ? {} : { error: withLastWords(verdict.error, story.lastWords) }),
  };
}

/** A trigger that gets no cycle of its own. */
export function answerWithout(
  trigger: TriggerFacts,
  outcome: "coalesced" | "refused",
  why: { readonly runTag: string | null; readonly error: string },
): CompletionFacts {
  return {
    success: false,
    exit_code: null,
    duration_s: 0,
    run_tag: why.runTag,
    trigger_reason: trigger.reason,
    trigger_topic: trigger.topic,
    promotion_count: trigger.promotion_count,
    ...(trigger.promotion_ids === undefined ? {} : { promotion_ids: trigger.promotion_ids }),
    outcome,
    winners: [],
    error: why.error,
  };
}

interface Verdict {
  readonly winners: NonNullable<CompletionFacts["winners"]>;
  /** Absent: success. */
  readonly error?: string;
}

function judge(end: CycleEnd, left: CycleYield): Verdict {
  const ended = endError(end, left);
  if (ended !== undefined) return { winners: [], error: ended };
  if (left.kind === "nothing") return { winners: [], error: left.error };
  const found = left.kind === "report" ? left.report.winners : left.winners;
  const problem = left.kind === "report" ? reportProblem(left.report) : foreignProblem(left);
  if (problem !== undefined) return { winners: [], error: problem };
  return { winners: found.filter(isUsableWinner).map(winnerFacts) };
}

function endError(end: CycleEnd, left: CycleYield): string | undefined {
  if (end.kind === "not_started") return end.error;
  if (end.kind === "timeout") return `the cycle was over its limit of ${end.limitS} s and was ended`;
  if (end.kind === "killed") return `its process was killed by ${end.signal}`;
  if (end.code === 0) return undefined;
  const said = left.kind === "report" ? left.report.error : null;
  return said ?? `its process ended with exit code ${end.code}`;
}

function reportProblem(report: CycleReport): string | undefined {
  if (!report.success) return report.error ?? "its report says that it did not succeed";
  return report.winners.some(isUsableWinner) ? undefined : "no winner of its report was measured";
}

function foreignProblem(left: Extract<CycleYield, { kind: "foreign" }>): string | undefined {
  if (left.winners.some(isUsableWinner)) return undefined;
  if (left.unreadable.length > 0) return `a winner's file cannot be used: ${left.unreadable.join("; ")}`;
  if (left.winners.length === 0) return undefined;
  const names = left.winners.map((winner) => winner.experiment).join(", ");
  return `every winner that it wrote is broken (nothing was measured): ${names}`;
}

function winnerFacts(winner: Winner): NonNullable<CompletionFacts["winners"]>[number] {
  const { experiment, hash, fitness, params, metrics } = winner;
  return { experiment, hash, fitness, params, metrics };
}

/** Generations count from 0. */
function reported(left: CycleYield): Pick<CompletionFacts, "generation" | "telemetry_path"> {
  if (left.kind !== "report") return {};
  const generations = Math.max(0, ...left.report.experiments.map((one) => one.generations));
  return {
    telemetry_path: left.path,
    ...(generations === 0 ? {} : { generation: generations - 1 }),
  };
}

function considered(trigger: TriggerFacts, absorbed: readonly Absorbed[]): readonly string[] | undefined {
  const ids = new Set([...(trigger.promotion_ids ?? []), ...absorbed.flatMap((one) => one.promotionIds)]);
  return ids.size === 0 && trigger.promotion_ids === undefined ? undefined : [...ids];
}

function withLastWords(error: string, lastWords: string): string {
  const text = lastWords === "" ? error : `${error}; it said last: ${lastWords}`;
  // What was cut may begin or end with half a character.
  return text.slice(0, ERROR_LENGTH_MAX).toWellFormed();
}
