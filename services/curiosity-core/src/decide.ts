/** What was seen, what is known, what was asked → what to ask now. Pure. */
import { isModuleName, valueOf } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { questionAbout } from "./question.ts";
import type { Question } from "./question.ts";

export interface Situation {
  readonly findings: readonly Finding[];
  readonly known: ReadonlySet<string>;
  /** Keys of questions. */
  readonly asked: ReadonlySet<string>;
  /** False: still being written, ask later. */
  readonly isSettled: (finding: Finding) => boolean;
  readonly nowMs: number;
}

/** All that is worth asking now, the best first; equal values by name, so that the order is the same each time. */
export function chooseQuestions(situation: Situation): readonly Question[] {
  const { findings, known, asked, isSettled, nowMs } = situation;
  return findings
    .filter((finding) => isModuleName(finding.name) && !known.has(finding.name) && isSettled(finding))
    .map((finding) => ({ finding, value: valueOf(finding, nowMs) }))
    .filter(({ value }) => value > 0)
    .toSorted((a, b) => b.value - a.value || compareNames(a.finding.name, b.finding.name))
    .map(({ finding }) => questionAbout(finding, nowMs))
    .filter(({ key }) => !asked.has(key));
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
