import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import { loadRules } from "./rule_set.ts";
import { summarize } from "./summarize.ts";

const SHORT = `version: 1
rules:
  - name: one
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0 && "a" in ["a"]
    subjects: '["s"]'
    emit:
      signal: Q_DREAM_TRIGGER
      facts: &f { reason: "\${facts.promotions_path}", topic: null, promotion_count: 1 }
    control:
      cooldown: 15m
      singleton: { until: [Q_DEPLOYMENT_COMPLETE], limit: 1h }
      rateLimit: { count: 2, per: 1d }
      debounce: 30s
      quietHours: { from: "22:00", to: "06:00", days: [mon] }
`;
const SAMPLES = [SHORT, SHORT, DEFAULT_RULES_TEXT, "", "rules: []\n"];
const WORDS = [
  "facts",
  "subjects",
  "signal.name",
  "size(",
  "has(",
  ".exists(x, ",
  "matches('(a+)+$')",
  "timestamp(",
  "*f",
  "<<: *f",
  "? ",
  "---\n",
  "|\n",
  "${",
  "}",
  "&&",
  "!",
  "0u",
  "b'x'",
  "90d",
  "-1s",
];

/** The YAML reader takes time by the square of keys and errors: half a second for 64 KiB of nothing else. */
const YAML_BOUND_MS = 1500;

test(
  "any bytes as rules are refused, each mistake with its place and remedy, or are rules that can be told",
  async () => {
    await fuzz({ samples: SAMPLES, words: WORDS, inputs: 300, boundMs: YAML_BOUND_MS }, (bytes) => {
      const text = Buffer.from(bytes).toString("utf8");
      const read = loadRules(text, "f.yaml");
      if (read.ok) {
        expect(new Set(read.ruleSet.rules.map(({ name }) => name)).size).toBe(read.ruleSet.rules.length);
        for (const rule of read.ruleSet.rules)
          expect(JSON.stringify(summarize(rule).controls)).not.toMatch(/NaN|undefined/);
        expect(loadRules(text, "f.yaml").ok).toBe(true);
        return;
      }
      expect(read.problems.length).toBeGreaterThan(0);
      for (const problem of read.problems) {
        expect(Math.min(problem.line, problem.column)).toBeGreaterThan(0);
        expect(problem.text).not.toBe("");
        expect(problem.remedy).not.toBe("");
      }
    });
  },
  FUZZ_LIMIT_MS,
);
