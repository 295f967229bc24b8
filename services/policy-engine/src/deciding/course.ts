/** One signal on its way through one rule: what comes in, and what has been gathered so far. Pure. */
import type { Envelope } from "@kloros/signal-schema";
import type { DecisionRecord } from "../decisions/decision_record.ts";
import type { Rule, RuleSet } from "../rules/rule.ts";
import type { RulePause } from "./holds.ts";
import type { Moment, TimeMark } from "./moment.ts";
import type { EngineState, RuleState } from "./state.ts";

export interface Situation {
  readonly state: EngineState;
  readonly signal: Envelope;
  readonly ruleSet: RuleSet;
  readonly now: Moment;
  /** The reading that `now` was made of, to be stored. */
  readonly time: TimeMark;
  /** By rule. */
  readonly pauses: ReadonlyMap<string, RulePause>;
}

/** What is being done for one rule; each step returns the next. */
export interface Course {
  readonly state: RuleState;
  readonly records: readonly DecisionRecord[];
  readonly emit: readonly Envelope[];
}

export type Result = Pick<DecisionRecord, "outcome"> &
  Partial<
    Pick<
      DecisionRecord,
      "reason" | "parts" | "subjects" | "cooling" | "control" | "eligibleAtMs" | "triggerId" | "firing"
    >
  >;

/** Subjects that a record names: a signal may have thousands, and comes every minute. */
const RECORDED_MAX = 100;

/** `judged`: the signal that the evaluation is about, which may be an earlier one than the one delivered. */
export function recordOf(
  rule: Rule,
  judged: Pick<Envelope, "id" | "signal">,
  { signal, now, ruleSet }: Situation,
  result: Result,
): DecisionRecord {
  const about = judged.id === signal.id ? {} : { aboutId: judged.id, aboutSignal: judged.signal };
  return {
    atMs: now.wallMs,
    rule: rule.name,
    signalId: signal.id,
    signal: signal.signal,
    source: signal.source,
    ...about,
    condition: rule.when?.text ?? "",
    parts: [],
    ...result,
    subjects: result.subjects?.slice(0, RECORDED_MAX) ?? [],
    cooling: result.cooling?.slice(0, RECORDED_MAX) ?? [],
    emits: rule.emit.signal.name,
    rulesHash: ruleSet.hash,
  };
}
