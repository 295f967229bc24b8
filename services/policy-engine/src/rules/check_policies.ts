/** For the operator's command: what a file of rules says, or what is wrong with it. Changes nothing. */
import type { RuleSummary } from "../decisions/decision_reader.ts";
import type { RuleProblem } from "./rule_problem.ts";
import { loadRules } from "./rule_set.ts";
import { readRulesText } from "./rules_text.ts";
import { summarize } from "./summarize.ts";

export interface PolicyCheck {
  /** Of a file without problems. */
  readonly rules: readonly RuleSummary[];
  readonly problems: readonly RuleProblem[];
}

/** A file that cannot be read is a problem like any other. */
export function checkPolicies(path: string): Promise<PolicyCheck> {
  const { text, error = "there is no such file" } = readRulesText(path);
  if (text === undefined) {
    const remedy = "give the path of a file of rules that you may read";
    return Promise.resolve({
      rules: [],
      problems: [{ file: path, line: 1, column: 1, text: error, remedy }],
    });
  }
  const loaded = loadRules(text, path);
  return Promise.resolve(
    loaded.ok
      ? { rules: loaded.ruleSet.rules.map(summarize), problems: [] }
      : { rules: [], problems: loaded.problems },
  );
}
