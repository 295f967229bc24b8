import { describe, expect, test } from "bun:test";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import { readRules } from "./read_rules.ts";
import { formatRuleProblem } from "./rule_problem.ts";

const GOOD = `version: 1
rules:
  - name: one
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0
    emit:
      signal: Q_DREAM_TRIGGER
      facts: { reason: r, topic: null, promotion_count: 1 }
`;

function problemsOf(text: string): readonly string[] {
  const read = readRules(text, "f.yaml");
  return read.ok ? [] : read.problems.map(formatRuleProblem);
}

describe("readRules()", () => {
  test("reads the default rules and a short file", () => {
    expect(problemsOf(DEFAULT_RULES_TEXT)).toEqual([]);
    expect(problemsOf(GOOD)).toEqual([]);
  });

  const cases: readonly (readonly [what: string, from: string, to: string, problem: RegExp])[] = [
    ["no YAML", "rules:", "rules: [", /^f\.yaml:\d+:\d+: this is no YAML/],
    ["a key twice", "version: 1", "version: 1\nversion: 1", /^f\.yaml:2:1: this is no YAML: .*unique/],
    [
      "an unknown key",
      "    when:",
      "    whne: x\n    when:",
      /^f\.yaml:5:5: there is no "whne" here; did you mean when\?/,
    ],
    ["a missing key", "  - name: one\n    on", "  - on", /^f\.yaml:3:5: "name" is missing; add it/],
    ["a wrong version", "version: 1", "version: 2", /^f\.yaml:1:10: version: 2, expected 1/],
    ["a wrong name", "name: one", "name: One!", /^f\.yaml:3:11: name: "One!" does not fit/],
    [
      "an unknown signal",
      "Q_PROMOTIONS_DETECTED",
      "Q_PROMOTION_DETECTED",
      /^f\.yaml:4:10: there is no signal Q_PROMOTION_DETECTED; did you mean Q_PROMOTIONS_DETECTED\?/,
    ],
    [
      "a trigger to listen to",
      "Q_PROMOTIONS_DETECTED",
      "Q_DREAM_TRIGGER",
      /^f\.yaml:4:10: a rule cannot listen to Q_DREAM_TRIGGER: it is a trigger/,
    ],
    [
      "its own alarm",
      "Q_PROMOTIONS_DETECTED",
      "Q_POLICY_DUE",
      /^f\.yaml:4:10: a rule cannot listen to Q_POLICY_DUE/,
    ],
    [
      "a signal it may not emit",
      "Q_DREAM_TRIGGER",
      "Q_WINNER_DECISION",
      /^f\.yaml:7:15: policy-engine may not emit Q_WINNER_DECISION/,
    ],
    ["CEL that is none", "> 0", "> > 0", /^f\.yaml:5:\d+: this is no CEL expression/],
    [
      "an unknown fact",
      "facts.unacknowledged_count",
      "facts.unacknowledged_cuont",
      /^f\.yaml:5:11: Q_PROMOTIONS_DETECTED has no fact "unacknowledged_cuont"; did you mean unacknowledged_count\?/,
    ],
    [
      "an unknown variable",
      "facts.unacknowledged_count",
      "fact.unacknowledged_count",
      /^f\.yaml:5:11: there is no variable "fact"/,
    ],
    [
      "an unknown function",
      "> 0",
      "> 0 && sise(facts.promotions_path) > 0",
      /there is no function sise\(\); did you mean size\?/,
    ],
    [
      "a pattern that is none",
      "facts.unacknowledged_count > 0",
      `facts.promotions_path.matches("(")`,
      /"\(" is no pattern/,
    ],
    ["unlike things compared", "> 0", '> "0"', /^f\.yaml:5:11: .*cannot be worked out/],
    ["a condition without an answer", " > 0", "", /gives no true or false/],
    [
      "a missing fact of the trigger",
      "reason: r, ",
      "",
      /^f\.yaml:8:14: Q_DREAM_TRIGGER needs the fact "reason"/,
    ],
    [
      "a fact that the trigger has not",
      "reason: r",
      "resaon: r",
      /^f\.yaml:8:16: Q_DREAM_TRIGGER has no fact "resaon"; did you mean reason\?/,
    ],
    [
      "a literal of the wrong kind",
      "promotion_count: 1",
      "promotion_count: many",
      /does not take this promotion_count: it is "many"/,
    ],
    [
      "an expression of the wrong kind",
      "promotion_count: 1",
      'promotion_count: "${facts.promotions_path}"',
      /does not take this promotion_count: on an example/,
    ],
    [
      "an expression inside a text",
      "reason: r",
      'reason: "because ${facts.promotions_path}"',
      /stands in the middle of a text; write the whole value/,
    ],
    [
      "a duration without a unit",
      "    emit:",
      "    control: { cooldown: 15 }\n    emit:",
      /^f\.yaml:6:26: cooldown: 15/,
    ],
    [
      "a duration that is none",
      "    emit:",
      '    control: { cooldown: "15 minutes" }\n    emit:',
      /cooldown: "15 minutes" does not fit; give e\.g\. 30s/,
    ],
    [
      "a day that is none",
      "    emit:",
      '    control: { quietHours: { from: "22:00", to: "06:00", days: [monday] } }\n    emit:',
      /monday.*; give one of sun, mon/,
    ],
    [
      "settled without subjects",
      "    emit:",
      '    settled: "[]"\n    emit:',
      /^f\.yaml:6:5: settled says which subjects cool down anew/,
    ],
  ];
  test.each(cases)("tells %s by line, column and remedy", (_, from, to, problem) => {
    const text = GOOD.replace(from, to);
    expect(text).not.toBe(GOOD);
    expect(problemsOf(text).join("\n")).toMatch(new RegExp(problem.source, "m"));
  });

  test("tells all mistakes at once, and a name that is there twice", () => {
    const twice = `${GOOD}${GOOD.split("\n").slice(2).join("\n").replace("unacknowledged_count", "nothing")}`;
    const problems = problemsOf(twice);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^f\.yaml:9:11: there is another rule "one"/);
  });

  test("asks to guard a fact that only some of the signals have", () => {
    const both = GOOD.replace("[Q_PROMOTIONS_DETECTED]", "[Q_PROMOTIONS_DETECTED, Q_HEALTH_ALERT]");
    expect(problemsOf(both)).toEqual([
      'f.yaml:5:11: Q_HEALTH_ALERT has no fact "unacknowledged_count"; ask first: has(facts.unacknowledged_count)',
    ]);
    const guarded = both.replace("when: ", "when: has(facts.unacknowledged_count) && ");
    expect(problemsOf(guarded)).toEqual([]);
  });

  test("finds the place inside of a block of text", () => {
    const block = GOOD.replace(
      "when: facts.unacknowledged_count > 0",
      "when: |\n      facts.unacknowledged_count > 0 &&\n        facts.nothing",
    );
    expect(problemsOf(block)[0]).toMatch(/^f\.yaml:7:9: /);
  });

  test("is no way to make a file explode", () => {
    const bomb = `a: &a [${"1,".repeat(99)}1]\n${Array.from({ length: 40 }, (_, n) => `b${String(n)}: [*a,*a,*a,*a]`).join("\n")}`;
    expect(problemsOf(bomb).length).toBeGreaterThan(0);
    expect(problemsOf("x".repeat(600 * 1024))[0]).toContain("more than 512 KiB");
  });

  test("takes aliases, one for each rule that there may be, and refuses those that contain themselves", () => {
    const [head = "", rules = ""] = GOOD.split("rules:\n");
    const kept = `${head}rules:\n${rules.replace("emit:", "emit: &what")}`;
    const more = Array.from(
      { length: 30 },
      (_, n) => `  - { name: r${String(n)}, on: [Q_PROMOTIONS_DETECTED], emit: *what }\n`,
    );
    expect(problemsOf(`${kept.trimEnd()}\n${more.join("")}`)).toEqual([]);
    expect(problemsOf("version: 1\nrules: &all [*all]\n")[0]).toMatch(
      /^f\.yaml:1:1: .*aliases .* cannot be resolved/,
    );
  });

  test("refuses a time whose end is no date", () => {
    expect(problemsOf(`${GOOD}    control: { cooldown: 9999999d }\n`)).toEqual([]);
    expect(problemsOf(`${GOOD}    control: { cooldown: 99999999999d }\n`)[0]).toContain("does not fit");
  });
});
