import { expect, test } from "bun:test";
import { validateEnvelope } from "@kloros/signal-schema";
import { dueOf, fateOf, isQuestion, rootSignal, rootsUntil, SIGNALS_PER_ROOT } from "./traffic.ts";

const NOW = 1_763_856_000_000.25;

test("a minute of traffic has the rate that was asked for, with a lull in it", () => {
  const minutes = 3;
  expect(rootsUntil(minutes * 60_000, 210) * SIGNALS_PER_ROOT).toBeCloseTo(minutes * 60 * 210, -2);
  expect(rootsUntil(30_000, 210)).toBe(rootsUntil(34_000, 210));
  let before = 0;
  for (let atMs = 0; atMs < 180_000; atMs += 500) {
    const now = rootsUntil(atMs, 210);
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
});

test("every root is a valid signal that says when it was due", () => {
  for (let index = 0; index < 2000; index++) {
    const signal = rootSignal(index, NOW);
    expect(validateEnvelope(signal)).toMatchObject({ ok: true });
    expect(dueOf(signal)).toBeCloseTo(NOW, 1);
  }
});

test("some questions are impossible, some fail at first, and most can be answered", () => {
  const all = Array.from({ length: 20_000 }, (_, index) => rootSignal(index, NOW)).filter((one) =>
    isQuestion(one),
  );
  const count = (fate: string): number => all.filter((one) => fateOf(one) === fate).length / all.length;
  expect(count("impossible")).toBeCloseTo(0.02, 3);
  expect(count("fails_first")).toBeGreaterThan(0.02);
  expect(count("investigate")).toBeGreaterThan(0.9);
});
