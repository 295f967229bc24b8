import { describe, expect, test } from "bun:test";
import type { CelInput } from "@bufbuild/cel";
import { Type } from "@sinclair/typebox";
import { fromCel, longestList, toCel } from "./cel_values.ts";
import { compileExpression, EXPRESSION_LENGTH_MAX } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { loopDepth, walk } from "./walk.ts";

function compiled(text: string): Expression {
  const result = compileExpression(text);
  if (!result.ok) throw new Error(result.problem.text);
  return result.expression;
}

function value(text: string, facts: CelInput = {}, listSizeMax = 10): unknown {
  const result = compiled(text).evaluate({ facts }, listSizeMax);
  return result.ok ? fromCel(result.value) : result.error;
}

describe("an expression", () => {
  test.each([
    ["1 + 2 == 3", true],
    ["has(facts.x) && facts.x > 3", false],
    ["'b' in ['a', 'b']", true],
    ["'abc'.matches('^a.c$')", true],
    ["[1, 2].map(n, n * 2)", [2, 4]],
    ["{'a': [1.5, null]}", { a: [1.5, null] }],
    ["'A b'.lowerAscii().split(' ')", ["a", "b"]],
  ] as const)("%s gives %p", (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test("is an error as a value when a fact is missing or unlike things meet", () => {
    expect(value("facts.x > 3")).toBe("field not found: x");
    expect(value("facts.x > 3", { x: "a" })).toContain("overload");
    expect(value("1 / 0 == 1")).toContain("zero");
  });

  test("knows whole numbers from others by the schema of the facts", () => {
    const schema = Type.Object({ n: Type.Integer(), d: Type.Number(), list: Type.Array(Type.Integer()) });
    const facts = toCel({ n: 3, d: 3, list: [1], other: 3 }, schema);
    expect(
      value("[type(facts.n) == int, type(facts.d) == double, type(facts.list[0]) == int]", facts),
    ).toEqual([true, true, true]);
    expect(value("facts.other > 2 && facts.n == 3", facts)).toBe(true);
  });

  test("takes a fact of any name for what it is", () => {
    const facts = toCel(JSON.parse('{"__proto__": 1, "constructor": "x"}'));
    expect(value("facts['__proto__'] == 1.0 && facts.constructor == 'x'", facts)).toBe(true);
    expect(value("has(facts.toString)", facts)).toBe(false);
  });

  test("is cut into what stands between its outermost &&, macros as they were written", () => {
    const parts = compiled("a && (b || c) && facts.x.exists(i, i > 1 && i < 3)").parts.map(
      ({ text }) => text,
    );
    expect(parts).toEqual(["a", "b || c", "facts.x.exists(i, i > 1 && i < 3)"]);
  });

  test("is bounded in length, nesting and loops", () => {
    expect(compileExpression("1".repeat(EXPRESSION_LENGTH_MAX + 1)).ok).toBe(false);
    expect(compileExpression(`${"(".repeat(30)}1${")".repeat(30)}`).ok).toBe(false);
    const nested = "facts.x.exists(a, facts.x.exists(b, facts.x.exists(c, a + b + c < 0.0)))";
    expect(loopDepth(compiled(nested).parsed.expr)).toBe(3);
    const facts = toCel({ x: Array.from({ length: 1000 }, (_, n) => n) });
    expect(value(nested, facts, longestList({ x: Array.from({ length: 1000 }, () => 1) }))).toContain(
      "too much",
    );
    const written = `[${"1,".repeat(299)}1]`;
    expect(value(`${written}.all(a, ${written}.all(b, ${written}.all(c, true)))`, facts, 0)).toContain(
      "too much",
    );
  });

  test("tells what it reads and calls, without the variables of its own loops", () => {
    const { reads, calls } = walk(
      compiled("has(facts.a.b) && facts.l.all(i, i.x > size(facts['c']))").parsed.expr,
    );
    const paths = reads.map(({ path, tested }) => `${path.join(".")}${tested ? "?" : ""}`);
    expect(new Set(paths)).toEqual(new Set(["facts.a.b?", "facts.l", "facts.c"]));
    expect(calls.map(({ name }) => name)).toContain("size");
  });
});

test("what JSON has no word for is refused", () => {
  expect(() => fromCel(2n ** 60n)).toThrow("too large");
  expect(() => fromCel(Number.NaN)).toThrow("no JSON number");
});
