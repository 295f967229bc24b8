import { expect, test } from "bun:test";
import { slopeOf } from "./slope.ts";

const MINUTES = Array.from({ length: 1800 }, (_, second) => second * 1000);

test("a line's slope an hour is found, and nothing is doubtful about it", () => {
  const { perHour, plusMinus, blocks } = slopeOf(
    MINUTES.map((atMs) => ({ atMs, value: 100 + atMs / 360_000 })),
    60_000,
  );
  expect(perHour).toBeCloseTo(10, 6);
  expect(plusMinus).toBeCloseTo(0, 6);
  expect(blocks).toBe(30);
});

test("a sawtooth of a block's length is flat", () => {
  const { perHour, plusMinus } = slopeOf(
    MINUTES.map((atMs) => ({ atMs, value: atMs % 60_000 })),
    60_000,
  );
  expect(Math.abs(perHour)).toBeLessThan(1e-6);
  expect(plusMinus).toBeLessThan(1e-6);
});

test("noise without a trend has a slope whose interval holds zero", () => {
  const points = MINUTES.map((atMs, n) => ({ atMs, value: Math.sin(n * n) }));
  const { perHour, plusMinus } = slopeOf(points, 60_000);
  expect(Math.abs(perHour)).toBeLessThan(plusMinus);
});

test("two blocks say nothing of how sure a slope is", () => {
  const points = [0, 60_000].map((atMs) => ({ atMs, value: atMs }));
  expect(slopeOf(points, 60_000)).toMatchObject({ plusMinus: Infinity, blocks: 2 });
});
