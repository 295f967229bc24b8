import { expect, test } from "bun:test";
import fc from "fast-check";
import { absorb, type WaitingTrigger } from "./absorb.ts";
import type { TriggerFacts } from "./decide.ts";
import { addAnswers, ANSWERS_MAX, dropAnswer, readState } from "./state.ts";

const trigger: TriggerFacts = { reason: "r", topic: null, promotion_count: 1 };
const waiting = (id: string, facts: Partial<TriggerFacts> = {}): WaitingTrigger => ({
  id,
  seq: 1,
  facts: { ...trigger, ...facts },
});

test("waiting triggers with the same topic are taken over, oldest first, after those already taken", () => {
  const taken = absorb(
    trigger,
    [waiting("b"), waiting("c", { topic: "rag" }), waiting("d", { promotion_ids: ["p@1"] }), waiting("a")],
    [{ id: "a", promotionIds: [] }],
  );
  expect(taken.map((one) => one.id)).toEqual(["a", "b", "d"]);
  expect(taken[2]?.promotionIds).toEqual(["p@1"]);
});

test("what is taken over stays within a plan, however much waits", () => {
  const id = fc.tuple(fc.constantFrom("x", "ä", "\u0000"), fc.integer({ min: 1, max: 200 }));
  const ids = fc.array(id, { maxLength: 40 }).map((all) => all.map(([unit, length]) => unit.repeat(length)));
  const many = fc.array(ids, { maxLength: 300 });
  fc.assert(
    fc.property(many, (lists) => {
      const all = lists.map((promotion_ids, n) => waiting(String(n), { promotion_ids }));
      const taken = absorb(trigger, all);
      return Buffer.byteLength(JSON.stringify(taken)) <= 16 * 1024 && taken.length <= 200;
    }),
    { numRuns: 10 },
  );
});

test("answers are remembered until given, and the oldest are forgotten beyond the limit", () => {
  const answer = { outcome: "coalesced", runTag: "t" } as const;
  const state = addAnswers(readState(null), ["a", "b"], answer);
  expect(dropAnswer(state, "a").answers).toEqual({ b: answer });
  const ids = Array.from({ length: ANSWERS_MAX }, (_, n) => `id-${n}`);
  const full = addAnswers(state, ids, answer);
  expect(Object.keys(full.answers).length).toBe(ANSWERS_MAX);
  expect(full.answers["a"]).toBeUndefined();
});
