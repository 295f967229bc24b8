/** A finding → the question about it. Pure. */
import { deriveRootId, evidenceHash, stableEvidence } from "@kloros/signal-schema";
import type { CuriosityInvestigate, FactsOf } from "@kloros/signal-schema";
import { ageDays } from "./finding.ts";
import type { Finding } from "./finding.ts";

export type QuestionFacts = FactsOf<typeof CuriosityInvestigate>;

export interface Question {
  readonly facts: QuestionFacts;
  /** Equal keys: the same question on the same evidence. */
  readonly key: string;
}

/** Strings as the installation's daemons write and read them. */
function evidenceOf(finding: Finding, nowMs: number): readonly string[] {
  return [
    `path:${finding.path}`,
    `has_init:${asPython(finding.hasInit)}`,
    `py_files:${finding.pyFiles}`,
    `has_docs:${asPython(finding.hasReadme)}`,
    `age_days:${ageDays(finding, nowMs)}`,
  ];
}

export function questionAbout(finding: Finding, nowMs: number): Question {
  const { name, path } = finding;
  const evidence = evidenceOf(finding, nowMs);
  const facts: QuestionFacts = {
    question: `What does the module "${name}" do, and what can it contribute? It is not in the registry.`,
    question_id: `discover.module.${name}`,
    priority: "normal",
    evidence,
    hypothesis: `UNDISCOVERED_MODULE_${name.toUpperCase()}`,
    capability_key: `undiscovered.${name}`,
    action_class: "investigate",
    module_name: name,
    module_path: path,
  };
  return { facts, key: questionKey(facts.question_id, evidence) };
}

/** The evidence names the path, so equal names in two trees are two questions. */
export function questionKey(questionId: string, evidence: readonly string[]): string {
  return `${questionId}/${evidenceHash(stableEvidence(evidence))}`;
}

/** Time 0: nothing about the evidence has a time that stays, and the same evidence must give the same id. */
export function questionSignalId(key: string): string {
  return deriveRootId(0, "curiosity-core", key);
}

function asPython(value: boolean): string {
  return value ? "True" : "False";
}
