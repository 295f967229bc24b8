import { expect, test } from "bun:test";
import { isUrgent, rankOf, readPriority } from "./priority.ts";
import type { Priority } from "./priority.ts";

const from = (data: unknown, top?: unknown, byType?: number): Priority => readPriority({ data, top, byType });

test.each([
  [10, "critical"],
  [9, "critical"],
  [8, "high"],
  [7, "high"],
  [6, "normal"],
  [5, "normal"],
  [4, "low"],
  [0, "low"],
  [-3, "low"],
  [99, "critical"],
  [8.5, "high"],
  ["9", "critical"],
] as const)("priority %p reads as %s", (number, word) => {
  expect(from(undefined, number)).toBe(word);
});

test("a word in data wins over a number at the top", () => {
  expect(from("critical", 5)).toBe("critical");
  expect(from("High", 10)).toBe("high");
});

test("a number in data wins over one at the top, a word anywhere over both", () => {
  expect(from(9, 3)).toBe("critical");
  expect(from(9, "low")).toBe("low");
});

test("what cannot be read falls back to the type's custom, then to normal", () => {
  expect(from("soonish", null, 8)).toBe("high");
  expect(from(undefined, { a: 1 })).toBe("normal");
  expect(from(Number.NaN)).toBe("normal");
});

test("critical and high are urgent", () => {
  const words: Priority[] = ["critical", "high", "normal", "low"];
  expect(words.map(rankOf)).toEqual([0, 1, 2, 3]);
  expect(words.map(isUrgent)).toEqual([true, true, false, false]);
});
