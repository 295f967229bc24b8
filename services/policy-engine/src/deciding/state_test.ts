import { describe, expect, test } from "bun:test";
import { boundState, coolDown, keepSignal, NEW_RULE_STATE, readState } from "./state.ts";
import type { EngineState } from "./state.ts";

const time = { wallMs: 1000, epoch: "e", epochMs: 0, steadyMs: 1000 };

describe("coolDown()", () => {
  test("forgets what is over and never shortens", () => {
    expect(
      coolDown(
        [
          ["a", 5],
          ["b", 50],
        ],
        [
          ["b", 20],
          ["c", 30],
        ],
        10,
      ),
    ).toEqual([
      ["b", 50],
      ["c", 30],
    ]);
  });

  test("is bounded: what was added first is forgotten first", () => {
    const many = Array.from({ length: 3000 }, (_, n) => [`subject-${String(n)}`, 100] as const);
    const cooling = coolDown([], many, 0);
    expect(cooling.length).toBeLessThanOrEqual(2000);
    expect(cooling.at(-1)?.[0]).toBe("subject-2999");
    const long = Array.from({ length: 1000 }, (_, n) => ["x".repeat(500) + String(n), 100] as const);
    expect(JSON.stringify(coolDown([], long, 0)).length).toBeLessThan(80_000);
  });
});

test("a state of a hundred full rules stays below what the bus takes", () => {
  const cooling = coolDown(
    [],
    Array.from({ length: 2000 }, (_, n) => [`promotion-${String(n)}@0123456789ab`, 1e13] as const),
    0,
  );
  const names = Array.from({ length: 100 }, (_, n) => `rule-${String(n)}`);
  const subjects = cooling.map(([subject]) => subject);
  const running = { triggerId: "t", trace: "t", hops: 1, sinceMs: 0, sinceWallMs: 0, subjects };
  const rules = Object.fromEntries(names.map((name) => [name, { ...NEW_RULE_STATE, cooling, running }]));
  const bounded = boundState({ version: 1, time, rules }, new Set(names));
  expect(JSON.stringify(bounded).length).toBeLessThanOrEqual(300_000);
  expect(Object.keys(bounded.rules)).toHaveLength(100);
});

test("rules that are gone keep their memory, within a bound", () => {
  const rules = Object.fromEntries(
    Array.from({ length: 80 }, (_, n) => [`gone-${String(n)}`, { ...NEW_RULE_STATE, touchedMs: n }]),
  );
  const bounded: EngineState = boundState({ version: 1, time, rules }, new Set());
  expect(Object.keys(bounded.rules)).toHaveLength(50);
  expect(bounded.rules["gone-79"]).toBeDefined();
});

test("what is no state of ours is not taken for one", () => {
  expect(readState(null, time)?.rules).toEqual({});
  expect(readState({ version: 2 }, time)).toBeUndefined();
});

test("a signal that is too large is not kept", () => {
  const signal = { signal: "Q_X", id: "i", source: "s", timestamp: "t", trace: "t", hops: 0 };
  expect(keepSignal({ ...signal, facts: { x: "y".repeat(40_000) } })).toBeUndefined();
  expect(keepSignal({ ...signal, facts: { x: 1 } })).toEqual({ ...signal, facts: { x: 1 } });
});
