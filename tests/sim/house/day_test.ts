/**
 * Traffic as on any day, nothing goes wrong: nobody is given up, nothing is taken for a loop, nothing for late. Two simulated
 * hours, or 24 with KLOROS_FULL=1.
 */
import { expect, test } from "bun:test";
import { live } from "./house_run.ts";
import { makeDay } from "./house_scenario.ts";

const HOURS = process.env["KLOROS_FULL"] === "1" ? 24 : 2;
const SEED = Number(process.env["KLOROS_SEED"] ?? 1);

test(`${String(HOURS)} hours of normal traffic: no false loop, no false timeout, no dead letter (KLOROS_SEED=${String(SEED)})`, () => {
  const { flaws, counts, simulatedMs } = live({ seed: SEED }, makeDay(SEED, HOURS));
  expect(flaws).toEqual([]);
  expect(simulatedMs).toBeGreaterThan(HOURS * 3_500_000);
  expect(counts["transition.deadline: answered"]).toBeGreaterThan(20 * HOURS);
  expect(counts["dream.cycles"]).toBeGreaterThan(0);
  expect(counts["said.Q_PROMOTIONS_DETECTED"]).toBeGreaterThan(HOURS);
}, 1_200_000);
