import { expect, test } from "bun:test";
import { diffLines } from "./text_diff.ts";

test.each([
  ["a\nb\nc\n", "a\nb\nc\n", []],
  ["a\nb\nc\n", "a\nx\nc\n", ["- b", "+ x"]],
  ["a\nc\n", "a\nb\nc\n", ["+ b"]],
  ["", "a\n", ["+ a"]],
  ["a\n", "", ["- a"]],
  ["a\n".repeat(3000), "b\n", ["- 3000 lines", "+ 1 lines"]],
] as const)("%j becomes %j by %j", (before, after, expected) => {
  expect(diffLines(before, after)).toEqual([...expected]);
});

/** All texts of up to four lines out of two. */
const TEXTS = Array.from({ length: 5 }, (_, length) =>
  Array.from({ length: 2 ** length }, (__, bits) =>
    Array.from({ length }, (___, at) => ((bits >> at) & 1 ? "a" : "b")),
  ),
).flat();

test("a diff takes from the one and adds to the other, nothing else", () => {
  const count = (lines: readonly string[], one: string): number =>
    lines.filter((line) => line === one).length;
  for (const old of TEXTS) {
    for (const fresh of TEXTS) {
      const diff = diffLines(old.join("\n"), fresh.join("\n"));
      for (const one of ["a", "b"])
        expect(count(old, one) - count(diff, `- ${one}`) + count(diff, `+ ${one}`)).toBe(count(fresh, one));
    }
  }
});
