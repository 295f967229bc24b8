/** What counts as the same: keys that supersede, loop keys, lanes (DESIGN 3.4, 5.6). */
import { describe, expect, test } from "bun:test";
import type { FactsOf } from "./definition.ts";
import { DreamTrigger, PromotionsDetected } from "./signals/dream.ts";
import { HealthAlert } from "./signals/health.ts";
import { WorkflowSuggested } from "./signals/intents.ts";
import { CuriosityInvestigate } from "./signals/investigation.ts";

const question: FactsOf<typeof CuriosityInvestigate> = {
  question: "What does the audio module do?",
  question_id: "discover.module.audio",
  priority: "normal",
  evidence: ["path:/src/audio", "py_files:14", "age_days:3"],
};

describe("the loop key of a question", () => {
  test("stays the same when only days pass, or the order of the evidence changes", () => {
    const later = { ...question, evidence: ["age_days:4", "py_files:14", "path:/src/audio"] };
    expect(CuriosityInvestigate.loopKey(later)).toBe(CuriosityInvestigate.loopKey(question));
  });

  test("is new with new evidence or another question", () => {
    const more = { ...question, evidence: ["path:/src/audio", "py_files:15"] };
    expect(CuriosityInvestigate.loopKey(more)).not.toBe(CuriosityInvestigate.loopKey(question));
    const other = { ...question, question_id: "reinvestigate.audio" };
    expect(CuriosityInvestigate.loopKey(other)).not.toBe(CuriosityInvestigate.loopKey(question));
  });
});

test("critical and high questions are urgent, the others are not", () => {
  const lanes = (["critical", "high", "normal", "low"] as const).map((priority) =>
    CuriosityInvestigate.lane({ ...question, priority }),
  );
  expect(lanes).toEqual(["urgent", "urgent", "normal", "normal"]);
});

test("promotions supersede those of the same directory only", () => {
  const promotions = { promotion_count: 1, unacknowledged_count: 1, oldest_promotion_age_hours: 1 };
  expect(PromotionsDetected.key?.({ ...promotions, promotions_path: "/a" })).toBe("/a");
  expect(PromotionsDetected.key?.({ ...promotions, promotion_count: 9, promotions_path: "/a" })).toBe("/a");
});

test("an alert's key is its own, or its type when it has none", () => {
  const alert: FactsOf<typeof HealthAlert> = {
    alert_type: "disk",
    severity: "warning",
    metric_value: 91,
    threshold: 90,
    recommended_action: "make room",
  };
  expect(HealthAlert.key?.(alert)).toBe("disk");
  expect(HealthAlert.key?.({ ...alert, key: "disk:/home" })).toBe("disk:/home");
  expect(HealthAlert.lane({ ...alert, severity: "critical" })).toBe("urgent");
});

test("copies of a suggestion collapse whatever the order of their data, different ones do not", () => {
  const suggest = (data: Readonly<Record<string, unknown>>) =>
    WorkflowSuggested.key?.({ workflow: "lock_optimization", reason: "", data });
  expect(suggest({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(suggest({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(suggest({ a: 1 })).not.toBe(suggest({ a: 2 }));
});

test("a D-REAM trigger is the same for the same promotions in any order", () => {
  const trigger = (promotion_ids: readonly string[]) =>
    DreamTrigger.loopKey({ reason: "r", topic: null, promotion_count: 2, promotion_ids });
  expect(trigger(["a", "b"])).toBe(trigger(["b", "a"]));
  expect(trigger(["a", "b"])).not.toBe(trigger(["a"]));
});
