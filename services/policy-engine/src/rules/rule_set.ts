/** Reads a text of rules into what is in force. */
import { createHash } from "node:crypto";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import { readRules } from "./read_rules.ts";
import type { RuleSet } from "./rule.ts";
import type { RuleProblem } from "./rule_problem.ts";

export type LoadedRules =
  | { readonly ok: true; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** `source`: the file's path, or what else it is called. */
export function loadRules(text: string, source: string): LoadedRules {
  const read = readRules(text, source);
  if (!read.ok) return read;
  return { ok: true, ruleSet: { rules: read.rules, hash: hashOf(text), text, source } };
}

export function builtInRules(): RuleSet {
  const loaded = loadRules(DEFAULT_RULES_TEXT, "built-in rules");
  if (!loaded.ok) throw new Error(`the built-in rules are wrong: ${JSON.stringify(loaded.problems)}`);
  return loaded.ruleSet;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
