/** For the operator's command: what a file of rules says, or what is wrong with it. Changes nothing. */
import { readFile } from "node:fs/promises";
import { errorCode } from "@kloros/daemon";
import type { RuleSummary } from "../decisions/decision_reader.ts";
import type { RuleProblem } from "./rule_problem.ts";
import { loadRules } from "./rule_set.ts";
import { summarize } from "./summarize.ts";

export interface PolicyCheck {
  /** Of a file without problems. */
  readonly rules: readonly RuleSummary[];
  readonly problems: readonly RuleProblem[];
}

/** A file that cannot be read is a problem like any other. */
export async function checkPolicies(path: string): Promise<PolicyCheck> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const absent = errorCode(error) === "ENOENT";
    const remedy = absent ? "give the path of a file of rules" : "make it readable";
    const told = absent ? "there is no such file" : `it cannot be read: ${(error as Error).message}`;
    return { rules: [], problems: [{ file: path, line: 1, column: 1, text: told, remedy }] };
  }
  const loaded = loadRules(text, path);
  return loaded.ok
    ? { rules: loaded.ruleSet.rules.map(summarize), problems: [] }
    : { rules: [], problems: loaded.problems };
}
