/** Why one signal was said, in sentences: from its facts, and from what is remembered besides. */
import type { StoredSignal } from "@kloros/journal";
import type { DecisionRecord } from "@kloros/policy-engine";
import { findSignal } from "@kloros/signal-schema";
import { alertValue } from "../view/describe_facts.ts";
import { fact, factList, isFacts, type Facts } from "../view/fact_text.ts";
import type { Knowledge } from "./knowledge.ts";
import { winnersOf, winnerSentence } from "./winner_sentences.ts";

export interface Explanation {
  readonly sentences: readonly string[];
  /** The evaluation that emitted it. */
  readonly decision: DecisionRecord | undefined;
}

const ENGINE = "policy-engine";

export async function explainSignal(
  { envelope }: Pick<StoredSignal, "envelope">,
  knowledge: Knowledge,
): Promise<Explanation> {
  const { signal, facts, source, cause } = envelope;
  const own = EXPLANATIONS[signal]?.(facts, knowledge) ?? [];
  const decided = source === ENGINE ? await explainDecided(envelope.id, knowledge) : NOTHING;
  const first = cause === undefined ? [firstSentence(signal, source)] : [];
  return { sentences: [...decided.sentences, ...own, ...first], decision: decided.decision };
}

const NOTHING: Explanation = { sentences: [], decision: undefined };

async function explainDecided(id: string, { decisions, noDecisions }: Knowledge): Promise<Explanation> {
  if (decisions === undefined) {
    return { ...NOTHING, sentences: [`how ${ENGINE} decided cannot be told: ${noDecisions ?? "no log"}`] };
  }
  const decision = decisions.byTrigger(id).find(({ outcome }) => outcome === "fired");
  if (decision === undefined) {
    return { ...NOTHING, sentences: [`the decision log of ${ENGINE} has nothing about it (any more)`] };
  }
  const { explainDecision } = await import("@kloros/policy-engine");
  return { sentences: explainDecision(decision), decision };
}

/** Why nothing led to it. */
function firstSentence(signal: string, source: string): string {
  if (source === "operator") return "a person said it: nothing before led to it";
  if (source === "intent-router") return "an intent file said it: nothing before led to it";
  const definition = findSignal(signal);
  if (definition?.root === true)
    return `${source} says this by what it sees itself: nothing before led to it`;
  return `${source} said it by itself: nothing before led to it`;
}

type Explain = (facts: Facts, knowledge: Knowledge) => readonly string[];

const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  Q_HEALTH_ALERT: explainAlert,
  Q_INTEGRATION_FAILED: (facts) => [
    `not integrated: ${fact(facts, "reason")}`,
    ...given(facts, "error", "the error behind it"),
    facts["retry_possible"] === true ? "trying again can help" : "trying again as it is cannot help",
  ],
  Q_MODULE_INTEGRATED: (facts) =>
    facts["already_present"] === true ? ["the entry was there before: nothing was written"] : [],
  Q_DREAM_COMPLETE: (facts) => [
    `the cycle ended ${fact(facts, "outcome") || (facts["success"] === true ? "completed" : "failed")}, exit code ${fact(facts, "exit_code") || "none"}`,
    ...given(facts, "error", "what went wrong"),
  ],
  Q_DREAM_TIMEOUT: (facts) => [`not answered within ${fact(facts, "timeout_seconds")} s`],
  Q_WINNER_DEPLOYED: explainWinners,
  Q_DEPLOYMENT_FAILED: (facts, knowledge) => [
    ...given(facts, "error", "what went wrong"),
    ...explainWinners(facts, knowledge),
  ],
  Q_DEPLOYMENT_COMPLETE: explainWinners,
  Q_WINNER_DECIDED: (facts) => [`${fact(facts, "outcome")}: ${fact(facts, "reason")}`],
  Q_WINNER_DECISION: (facts) => given(facts, "reason", "in the person's words"),
  Q_LOOP_DETECTED: (facts) => [
    `cut by the rule "${fact(facts, "rule")}": ${factList(facts, "path").join(" → ")}`,
  ],
  Q_INVESTIGATION_COMPLETE: (facts) => [
    ...given(facts, "method", "found by"),
    ...given(facts, "error", "what went wrong"),
  ],
};

function explainAlert(facts: Facts): readonly string[] {
  const { details } = facts;
  const more = isFacts(details) ? details : {};
  const state = fact(facts, "state") || "raised";
  return [
    `${fact(facts, "alert_type")} was ${state}${alertValue(facts)}`,
    ...given(more, "message", "what happened"),
    ...(state === "cleared" ? [] : given(facts, "recommended_action", "what to do")),
    ...factList(more, "suggestions"),
  ];
}

function explainWinners(facts: Facts, { winners }: Knowledge): readonly string[] {
  return winnersOf(facts, winners).map(winnerSentence);
}

function given(facts: Facts, name: string, label: string): readonly string[] {
  const said = fact(facts, name);
  return said === "" ? [] : [`${label}: ${said}`];
}
