import { expect, test } from "bun:test";
import { LineRate } from "./line_rate.ts";

test("so many lines a second pass, the others are counted by name and told in the next second", () => {
  let now = 0;
  const told: (readonly (readonly [string, number])[])[] = [];
  const rate = new LineRate({
    perSecond: 2,
    nowMs: () => now,
    onLeftOut: (counts) => told.push([...counts]),
  });
  expect(["a", "a", "a", "b", "a"].map((name) => rate.admits(name))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(told).toEqual([]);
  now = 1000;
  expect(rate.admits("a")).toBe(true);
  expect(told).toEqual([
    [
      ["a", 2],
      ["b", 1],
    ],
  ]);
  now = 2000;
  rate.admits("a");
  expect(told.length).toBe(1);
});

test("what was left out at the end can be taken, once", () => {
  const rate = new LineRate({ perSecond: 0, nowMs: () => 0, onLeftOut: () => undefined });
  rate.admits("a");
  expect([...rate.takeLeftOut()]).toEqual([["a", 1]]);
  expect(rate.takeLeftOut().size).toBe(0);
});
