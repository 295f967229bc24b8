/** What must not compile does not: each `@ts-expect-error` fails the type check when its line compiles. */
import { expect, test } from "bun:test";
import { createRoot } from "./build_signal.ts";
import type { FactsOf, SignalDefinition } from "./definition.ts";
import { DreamTrigger } from "./signals/dream.ts";
import { CuriosityInvestigate, InvestigationComplete } from "./signals/investigation.ts";

const question = { question: "q", question_id: "i", evidence: [] };
const options = { source: "policy-engine", nowMs: 0 };

/** Compiled, never called. */
export function wrong(): void {
  // @ts-expect-error a name is not a definition
  createRoot("Q_DREAM_TRIGGER", { reason: "r", topic: null, promotion_count: 1 }, options);
  // @ts-expect-error a required fact is missing
  createRoot(DreamTrigger, { reason: "r", topic: null }, options);
  // @ts-expect-error a fact has the wrong type
  createRoot(DreamTrigger, { reason: "r", topic: null, promotion_count: "1" }, options);
  // @ts-expect-error a fact's name is misspelt
  createRoot(DreamTrigger, { reason: "r", topic: null, promotion_count: 1, promotions: [] }, options);
  // @ts-expect-error null is not a topic that was left out, undefined is not null
  createRoot(DreamTrigger, { reason: "r", topic: undefined, promotion_count: 1 }, options);
  // @ts-expect-error a word that is none of the priorities
  createRoot(CuriosityInvestigate, { ...question, priority: "urgent" }, options);
  // @ts-expect-error a source is needed
  createRoot(DreamTrigger, { reason: "r", topic: null, promotion_count: 1 }, { nowMs: 0 });
}

/** Right ones compile, read-only lists included. */
export function right(evidence: readonly string[]): FactsOf<typeof CuriosityInvestigate> {
  return { question: "q", question_id: "i", priority: "high", evidence };
}

test("every definition is a SignalDefinition, whatever its facts", () => {
  const some: readonly SignalDefinition[] = [DreamTrigger, CuriosityInvestigate, InvestigationComplete];
  const name: "Q_DREAM_TRIGGER" = DreamTrigger.name;
  expect(some.map((definition) => definition.name)).toContain(name);
});
