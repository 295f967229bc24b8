import { expect, test } from "bun:test";
import { parseOptions, UsageError } from "./options.ts";

const DEFAULTS = { seed: 7, jobs: 2 };

test("a campaign has seeds of its own unless it is given some", () => {
  expect(parseOptions([], DEFAULTS)).toEqual({
    kind: "campaign",
    runs: 1000,
    seed: 7,
    jobs: 2,
    world: "bus",
    json: false,
  });
  expect(parseOptions(["--runs", "5", "--seed", "0", "--jobs", "1", "--house", "--json"], DEFAULTS)).toEqual({
    kind: "campaign",
    runs: 5,
    seed: 0,
    jobs: 1,
    world: "house",
    json: true,
  });
});

test("a replay is of one seed, with all of its faults or those that are named", () => {
  const replay = { kind: "replay", seed: 9, faults: undefined, shorten: false, world: "bus", json: false };
  expect(parseOptions(["--replay", "9"], DEFAULTS)).toEqual(replay as never);
  expect(parseOptions(["--replay", "9", "--faults", "0,3"], DEFAULTS)).toMatchObject({ faults: [0, 3] });
  expect(parseOptions(["--replay", "9", "--faults", ""], DEFAULTS)).toMatchObject({ faults: [] });
});

test.each([
  [["--runs", "0"], "--runs 0: a whole number"],
  [["--runs", "1.5"], "--runs 1.5: a whole number"],
  [["--seed", "4294967296"], "--seed 4294967296"],
  [["--replay", "1", "--runs", "2"], "--runs is for campaigns"],
  [["--faults", "1"], "need --replay"],
  [["--replay", "1", "--faults", "x"], "--faults x"],
  [["--rnus", "1"], "rnus"],
])("%p is refused with what is wrong", (argv, text) => {
  let thrown: unknown;
  try {
    parseOptions(argv, DEFAULTS);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  expect(String(thrown)).toContain(text);
});
