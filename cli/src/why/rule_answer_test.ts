import { expect, test } from "bun:test";
import type { DecisionRecord } from "@kloros/policy-engine";
import type { Decisions, Emitting } from "@kloros/policy-engine";
import { grouped, ruleAnswer } from "./rule_answer.ts";

function record(
  atMs: number,
  outcome: DecisionRecord["outcome"],
  more: Partial<DecisionRecord> = {},
): DecisionRecord {
  return {
    atMs,
    rule: "r",
    signalId: "s",
    signal: "Q_X",
    source: "x",
    outcome,
    condition: "a && b",
    parts: [],
    subjects: [],
    cooling: [],
    emits: "Q_Y",
    rulesHash: "",
    ...more,
  };
}
const unmet = (text: string) => ({ parts: [{ text, value: false, reads: {} }] });

test("neighbours that came to the same for the same reason are told once", () => {
  const groups = grouped([
    record(9, "condition_false", unmet("a")),
    record(8, "condition_false", unmet("a")),
    record(7, "condition_false", unmet("b")),
    record(6, "held", { control: "cooldown" }),
    record(5, "held", { control: "singleton" }),
    record(4, "fired", { triggerId: "1" }),
    record(3, "fired", { triggerId: "2" }),
    record(2, "condition_false", unmet("a")),
  ]);
  expect(groups.map(({ newest, oldest, count }) => [newest.atMs, oldest.atMs, count])).toEqual([
    [9, 8, 2],
    [7, 7, 1],
    [6, 6, 1],
    [5, 5, 1],
    [4, 4, 1],
    [3, 3, 1],
    [2, 2, 1],
  ]);
});

test("what was evaluated long ago is not all there is to say when the rule is gone", async () => {
  const emitting = {
    rules: { hash: "", source: "policies.yaml", sinceMs: 0, rules: [] },
    records: [record(1, "held", { control: "cooldown" })],
    empty: undefined,
    logSinceMs: 0,
  } satisfies Emitting;
  const decisions = { emitting: () => emitting } as unknown as Decisions;
  const answer = await ruleAnswer("Q_Y", 60_000, { decisions, noDecisions: undefined, winners: [] });
  expect(answer.sentences[0]?.[0]).toEndWith("none of the rules in force emits it any more.");
});
