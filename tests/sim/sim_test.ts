/**
 * Simulated runs as CI does them: the same seeds each time, and some new ones, whose first is told. `KLOROS_SEED` repeats the new
 * ones, `KLOROS_ROUNDS` says how many; many more: ./scripts/sim --runs N.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { campaign } from "./campaign/campaign.ts";
import { neverTaken } from "./campaign/coverage.ts";
import { oneSeed } from "./campaign/one_seed.ts";
import { SEEDS, type World } from "./campaign/options.ts";
import { summary } from "./campaign/summary.ts";

/** Enough that each kind of fault and each transition is among them. */
const FIXED = { bus: { first: 1, runs: 110 }, house: { first: 1, runs: 40 } } as const;
const NEW_RUNS = Number(process.env["KLOROS_ROUNDS"] ?? 20);
const NEW_FIRST = Number(process.env["KLOROS_SEED"] ?? Date.now() % SEEDS);
const LIMIT_MS = 600_000;

/** Throws with the seed that broke something, and how to see it again. */
async function runAll(world: World, seed: number, runs: number): Promise<Record<string, number>> {
  const report = await campaign({
    world,
    seed,
    runs,
    jobs: availableParallelism(),
    stop: new AbortController().signal,
    onProgress: () => undefined,
  });
  if (report.failure !== undefined) throw new Error(summary(report));
  expect(report.runs).toBe(runs);
  return report.counts;
}

test.each(["bus", "house"] as const)(
  "kills, stops, cuts, lies and full disks lose nothing and double nothing; each of them was there (%s)",
  async (world) => {
    const { first, runs } = FIXED[world];
    expect(neverTaken(await runAll(world, first, runs), world)).toEqual([]);
  },
  LIMIT_MS,
);

test.each(["bus", "house"] as const)(
  `the same with ${String(NEW_RUNS)} seeds that nobody tried (%s, KLOROS_SEED=${String(NEW_FIRST)})`,
  async (world) => {
    await runAll(world, NEW_FIRST, NEW_RUNS);
  },
  LIMIT_MS,
);

test.each(["bus", "house"] as const)(
  "one seed is one run, another seed another one (%s)",
  async (world) => {
    const first = await oneSeed({ seed: 11 }, world);
    expect(await oneSeed({ seed: 11 }, world)).toEqual(first);
    expect((await oneSeed({ seed: 12 }, world)).hash).not.toBe(first.hash);
  },
  LIMIT_MS,
);

test.each(["bus", "house"] as const)(
  "a replay in another process prints the same record, byte for byte (%s)",
  async (world) => {
    const replay = async (): Promise<string> => {
      const main = join(import.meta.dirname, "main.ts");
      const argv = [main, "--replay", "24", ...(world === "house" ? ["--house"] : [])];
      const child = Bun.spawn([process.execPath, ...argv], { stdin: "ignore", stderr: "inherit" });
      const text = await new Response(child.stdout).text();
      expect(await child.exited).toBe(0);
      return text;
    };
    const first = await replay();
    expect(first.split("\n").length).toBeGreaterThan(100);
    expect((await replay()) === first).toBe(true);
  },
  LIMIT_MS,
);
