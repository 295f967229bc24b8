import { describe, expect, test } from "bun:test";
import { sampleRecord } from "../testing/records.ts";
import { explainDecision, explainEmitting } from "./explain.ts";

const MET = {
  text: "facts.unacknowledged_count > 0",
  value: true,
  reads: { "facts.unacknowledged_count": "2" },
};
const TEN = Date.UTC(2025, 10, 14, 11);

describe("explainDecision()", () => {
  test("says why it fired", () => {
    const record = sampleRecord({
      outcome: "fired",
      triggerId: "t-1",
      parts: [MET],
      subjects: ["a@1", "b@1"],
    });
    expect(explainDecision(record)).toEqual([
      'Rule "promotions-start-dream" (2025-11-14 10:30:00Z, on Q_PROMOTIONS_DETECTED signal-1) fired: its condition was met, no control held it back, and it emitted Q_DREAM_TRIGGER t-1.',
      "Met: facts.unacknowledged_count > 0: facts.unacknowledged_count was 2.",
      "It fired for a@1, b@1.",
    ]);
  });

  test("says which part of the condition was not met, and on what", () => {
    expect(explainDecision(sampleRecord()).slice(1)).toEqual([
      "Not met: facts.unacknowledged_count > 0: facts.unacknowledged_count was 0.",
    ]);
  });

  test("says what held it back, and when it may fire", () => {
    const record = sampleRecord({
      outcome: "held",
      control: "cooldown",
      reason: "each of its subjects cools down",
      parts: [MET],
      eligibleAtMs: TEN,
      cooling: [{ subject: "a@1", untilMs: TEN }],
    });
    expect(explainDecision(record)).toEqual([
      'Rule "promotions-start-dream" (2025-11-14 10:30:00Z, on Q_PROMOTIONS_DETECTED signal-1) did not fire: its condition was met, but cooldown held it back: each of its subjects cools down.',
      "Met: facts.unacknowledged_count > 0: facts.unacknowledged_count was 2.",
      "Cooling down: a@1 until 2025-11-14 11:00:00Z.",
      "It may fire from 2025-11-14 11:00:00Z on, on a signal that comes then.",
    ]);
  });

  test("says when nobody knows", () => {
    const record = sampleRecord({
      outcome: "held",
      control: "paused",
      reason: "the rule is paused by olaf",
      parts: [],
    });
    expect(explainDecision(record).at(-1)).toBe(
      "When it may fire next is not known: somebody has to let it.",
    );
  });
});

describe("explainEmitting()", () => {
  test("says that no rule emits it, or that nothing was advised", () => {
    const rules = { hash: "h", source: "policies.yaml", sinceMs: 0, rules: [] };
    const none = { rules, records: [], logSinceMs: undefined };
    expect(explainEmitting({ ...none, empty: "no_rule" })).toEqual([
      "None of the rules in force emits it (policies.yaml).",
    ]);
    const one = {
      name: "one",
      description: "",
      enabled: true,
      on: ["Q_A"],
      when: "",
      emits: "Q_B",
      controls: [],
    };
    const quiet = {
      ...none,
      rules: { ...rules, rules: [one] },
      logSinceMs: TEN,
      empty: "nothing_advised" as const,
    };
    expect(explainEmitting(quiet)).toEqual([
      'Nothing was evaluated up to then: no signal that its rules listen to reached the engine ("one" listens to Q_A).',
      "The log goes back to 2025-11-14 11:00:00Z.",
    ]);
    expect(explainEmitting({ ...quiet, empty: "before_log" })).toEqual([
      "What was decided then is not known: the log goes back to 2025-11-14 11:00:00Z.",
    ]);
  });
});
