import { describe, expect, test } from "bun:test";
import { createRoot, PolicyDue } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { nextDueMs } from "../decide.ts";
import { MINUTE, openRuleBench, promotions, rulesOf } from "../testing/rule_bench.ts";
import type { RuleBench } from "../testing/rule_bench.ts";
import { readState } from "./state.ts";
import type { EngineState } from "./state.ts";

const rules = (debounce: string, name = "one") =>
  rulesOf(`
version: 1
rules:
  - name: ${name}
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0
    emit:
      signal: Q_DREAM_TRIGGER
      facts: { reason: test, topic: null, promotion_count: 1 }
    control: { debounce: ${debounce} }
`);

function advise(bench: RuleBench, ...ids: string[]): readonly Envelope[] {
  return bench.see(promotions(ids, { atMs: bench.wallMs }));
}

function wake(bench: RuleBench): readonly Envelope[] {
  return bench.see(createRoot(PolicyDue, { rule: "*" }, { source: "policy-engine", nowMs: bench.wallMs }));
}

function stateOf({ stored }: RuleBench): EngineState {
  const time = { wallMs: 0, epoch: "", epochMs: 0, steadyMs: 0 };
  const state = readState(JSON.parse(stored ?? "null"), time);
  if (state === undefined) throw new Error("no state");
  return state;
}

describe("debounce", () => {
  test("longer than the time between two advisories fires all the same, at most five times its length late", () => {
    const bench = openRuleBench(rules("90s"));
    for (let minute = 0; minute < 9; minute += 1) {
      advise(bench, "a@1");
      wake(bench);
      bench.wait(MINUTE);
    }
    expect(bench.emitted).toHaveLength(1);
  });

  test("of a rule that is gone from the file wakes nobody", () => {
    const bench = openRuleBench(rules("30s"));
    advise(bench, "a@1");
    expect(nextDueMs(stateOf(bench), rules("30s").rules)?.rule).toBe("one");
    expect(nextDueMs(stateOf(bench), rules("30s", "renamed").rules)).toBeUndefined();
  });
});
