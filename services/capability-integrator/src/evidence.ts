/** What a completion says about an undiscovered module, read from its hypothesis and its `key:value` evidence. */
import type { FactsOf, InvestigationComplete } from "@kloros/signal-schema";

export type Completion = FactsOf<typeof InvestigationComplete>;

const HYPOTHESIS = "UNDISCOVERED_MODULE_";
const QUESTION = "discover.module.";

export function isAboutUndiscoveredModule(completion: Completion): boolean {
  return completion.hypothesis?.startsWith(HYPOTHESIS) === true;
}

/** The value of the first `key:value` of this key; undefined when there is none. */
function evidenceValue(evidence: readonly string[] | undefined, key: string): string | undefined {
  const prefix = `${key}:`;
  const value = evidence
    ?.find((piece) => piece.startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
  return value === "" ? undefined : value;
}

/** 0 when it is not given or no number. */
export function claimedPyFiles(completion: Completion): number {
  const value = evidenceValue(completion.evidence, "py_files");
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : 0;
}

/** The module's directory as the evidence gives it; the completion's own absolute `module_path` stands in for it. */
export function claimedPath(completion: Completion): string | undefined {
  const path = evidenceValue(completion.evidence, "path");
  if (path !== undefined) return path;
  return completion.module_path?.startsWith("/") === true ? completion.module_path : undefined;
}

/** The name that a question gives the module; used where no path does. */
export function claimedName(completion: Completion): string {
  if (completion.module_name !== undefined) return completion.module_name;
  if (completion.question_id.startsWith(QUESTION)) return completion.question_id.slice(QUESTION.length);
  return (completion.hypothesis ?? "").slice(HYPOTHESIS.length).toLowerCase();
}

export function capabilityKey(completion: Completion): string {
  const given = completion.capability_key;
  return given === undefined || given === "" ? `undiscovered.${claimedName(completion)}` : given;
}

/**
 * 0 to 1. A purely static analysis that parsed at least one file is certain: it reports what the parser saw.
 * A language model's own confidence stands as it is; none given counts as none.
 */
export function confidenceOf(completion: Completion): number {
  const parsedFiles = completion.summary?.files_analyzed ?? 0;
  if (completion.method === "static_analysis" && parsedFiles >= 1) return 1;
  return completion.confidence ?? 0;
}
