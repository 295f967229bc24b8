/**
 * Simulated runs as CI does them: the same seeds each time, and some new ones, whose first is told. `KLOROS_SEED` repeats the new
 * ones, `KLOROS_ROUNDS` says how many; many more: ./scripts/sim --runs N.
 */
import { expect, test } from "bun:test";
import { addCounts, neverTaken } from "./campaign/coverage.ts";
import { oneSeed } from "./campaign/one_seed.ts";
import { SEEDS } from "./campaign/options.ts";

const FIXED = { first: 1, runs: 250 } as const;
const NEW_RUNS = Number(process.env["KLOROS_ROUNDS"] ?? 120);
const NEW_FIRST = Number(process.env["KLOROS_SEED"] ?? Date.now() % SEEDS);
const LIMIT_MS = 280_000;

/** What broke, by seed, and what was seen. */
async function runAll(first: number, runs: number) {
  const broken: Record<string, readonly string[]> = {};
  const counts: Record<string, number> = {};
  for (let n = 0; n < runs; n++) {
    const seed = (first + n) % SEEDS;
    const result = await oneSeed({ seed });
    addCounts(counts, result.counts);
    if (result.flaws.length > 0) broken[`./scripts/sim --replay ${String(seed)}`] = result.flaws;
  }
  return { broken, counts };
}

test(
  "kills, stops, cuts, lies and full disks lose nothing and double nothing; each of them was there",
  async () => {
    const { broken, counts } = await runAll(FIXED.first, FIXED.runs);
    expect(broken).toEqual({});
    expect(neverTaken(counts, "bus")).toEqual([]);
  },
  LIMIT_MS,
);

test(
  `the same with ${String(NEW_RUNS)} seeds that nobody tried (KLOROS_SEED=${String(NEW_FIRST)})`,
  async () => {
    expect((await runAll(NEW_FIRST, NEW_RUNS)).broken).toEqual({});
  },
  LIMIT_MS,
);

test("one seed is one run, to the last byte of its record; another seed is another one", async () => {
  const first = await oneSeed({ seed: 11 });
  const second = await oneSeed({ seed: 11 });
  expect(second).toEqual(first);
  expect((await oneSeed({ seed: 12 })).hash).not.toBe(first.hash);
});
