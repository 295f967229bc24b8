/** The rules in force with what became of them lately. */
import { pauseText, readPause, rulePauseName, type Installation } from "@kloros/daemon";
import {
  type DecisionRecord,
  type Decisions,
  NoDecisionLogError,
  openDecisions,
  type RuleSummary,
} from "@kloros/policy-engine";

export interface RuleView extends RuleSummary {
  /** Why it is paused; absent: it is not. */
  readonly paused?: string;
  readonly newest?: DecisionRecord;
  readonly lastFired?: DecisionRecord;
  readonly cooling: readonly { readonly subject: string; readonly untilMs: number }[];
}

export interface RuleViews {
  readonly source: string;
  readonly hash: string;
  readonly sinceMs: number;
  readonly rules: readonly RuleView[];
}

/** Evaluations that are looked through for the last time a rule fired. */
const LOOKED_AT_MAX = 2000;

/** Undefined: the engine never ran here. */
export async function gatherRules(paths: Installation, nowMs: number): Promise<RuleViews | undefined> {
  const decisions = openOrNone(paths);
  if (decisions === undefined) return undefined;
  try {
    const inForce = decisions.rules();
    if (inForce === undefined) return undefined;
    const { source, hash, sinceMs, rules } = inForce;
    return { source, hash, sinceMs, rules: rules.map((rule) => view(rule, { decisions, paths, nowMs })) };
  } finally {
    decisions.close();
  }
}

interface Around {
  readonly decisions: Decisions;
  readonly paths: Installation;
  readonly nowMs: number;
}

function view(rule: RuleSummary, { decisions, paths, nowMs }: Around): RuleView {
  const records = decisions
    .emitting(rule.emits, { limit: LOOKED_AT_MAX })
    .records.filter((record) => record.rule === rule.name);
  const pause = readPause(paths, rulePauseName(rule.name), { nowMs });
  const [newest] = records;
  const lastFired = records.find(({ outcome }) => outcome === "fired");
  const cooling = newest?.cooling.filter(({ untilMs }) => untilMs > nowMs) ?? [];
  return {
    ...rule,
    ...(pause === undefined ? {} : { paused: pauseText(pause) }),
    ...(newest === undefined ? {} : { newest }),
    ...(lastFired === undefined ? {} : { lastFired }),
    cooling,
  };
}

function openOrNone(paths: Installation): Decisions | undefined {
  try {
    return openDecisions(paths);
  } catch (error) {
    if (error instanceof NoDecisionLogError) return undefined;
    throw error;
  }
}
