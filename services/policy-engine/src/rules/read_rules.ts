/** The text of `policies.yaml` → rules, or everything that is wrong with it. Reads no file, pure. */
import { Value } from "@sinclair/typebox/value";
import { compileRule } from "./compile_rule.ts";
import type { Rule } from "./rule.ts";
import { ruleFileSchema } from "./rule_file_schema.ts";
import type { RuleFile } from "./rule_file_schema.ts";
import type { RuleProblem } from "./rule_problem.ts";
import type { Reporter } from "./reporter.ts";
import { schemaProblems } from "./schema_problems.ts";
import { readYaml } from "./yaml_places.ts";
import type { Place, PlacedYaml } from "./yaml_places.ts";

/** Bytes. A hundred rules with their comments take less. */
export const RULES_FILE_BYTES_MAX = 512 * 1024;
/** More than this at once helps nobody. */
const PROBLEMS_MAX = 50;

export type ReadRules =
  | { readonly ok: true; readonly rules: readonly Rule[] }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

export function readRules(text: string, file: string): ReadRules {
  const problems: RuleProblem[] = [];
  const add = (place: Place, what: string, remedy: string): void => {
    if (problems.length < PROBLEMS_MAX) {
      problems.push({ file, line: place.line, column: place.column, text: what, remedy });
    }
  };
  if (text.length > RULES_FILE_BYTES_MAX) {
    const size = `the file has more than ${String(RULES_FILE_BYTES_MAX / 1024)} KiB`;
    add({ line: 1, column: 1 }, size, "give fewer or shorter rules");
    return { ok: false, problems };
  }
  const yaml = readYaml(text);
  for (const error of yaml.errors) add(error, `this is no YAML: ${error.text}`, "mend it there");
  if (problems.length > 0) return { ok: false, problems };
  const reporter = reporterFor(yaml, add);
  schemaProblems(yaml.value, ruleFileSchema, reporter);
  if (problems.length > 0 || !Value.Check(ruleFileSchema, yaml.value)) return { ok: false, problems };
  const rules = compileAll(yaml.value, reporter);
  if (problems.length === 0) return { ok: true, rules };
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems };
}

function reporterFor(yaml: PlacedYaml, add: (place: Place, text: string, remedy: string) => void): Reporter {
  return {
    at: (path, text, remedy) => add(yaml.placeOf(path), text, remedy),
    atKey: (path, text, remedy) => add(yaml.placeOfKey(path), text, remedy),
    inside: (path, place, text, remedy) => add(yaml.placeIn(path, place), text, remedy),
  };
}

function compileAll(file: RuleFile, reporter: Reporter): readonly Rule[] {
  const names = new Set<string>();
  return file.rules.flatMap((entry, index) => {
    if (names.has(entry.name)) {
      reporter.at(
        ["rules", index, "name"],
        `there is another rule "${entry.name}"`,
        "give it a name of its own",
      );
    }
    names.add(entry.name);
    const rule = compileRule(entry, ["rules", index], reporter);
    return rule === undefined ? [] : [rule];
  });
}
