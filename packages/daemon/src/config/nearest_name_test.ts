import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { editDistance, nearestName } from "./nearest_name.ts";

describe("nearestName()", () => {
  const names = ["scanIntervalMs", "logLevel", "mode"];
  const table: readonly [typed: string, meant: string | undefined][] = [
    ["log_level", "logLevel"],
    ["log-Levle", "logLevel"],
    ["scanIntervallMs", "scanIntervalMs"],
    ["mdoe", "mode"],
    ["zebra", undefined],
    ["x", undefined],
  ];
  test.each(table)("%s means %p", (typed, meant) => {
    expect(nearestName(typed, names)).toBe(meant);
  });
});

describe("editDistance()", () => {
  const word = fc.stringMatching(/^[a-c]{0,8}$/);
  test("is symmetric, and zero only for equal words", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
