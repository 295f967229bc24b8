import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listWinners } from "./list_winners.ts";
import { adoptForeign, readMemory, remember } from "./memory.ts";
import type { Remembered } from "./memory.ts";
import { openWorkbench, WINNER } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";
import { ackId } from "./views.ts";

let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench();
  bench.setEnv("KLR_TTS_SPEED=1.0\n");
});
afterEach(() => bench.remove());

const view = (): Record<string, unknown> =>
  JSON.parse(readFileSync(bench.paths.winnerState, "utf8")) as Record<string, unknown>;
const count = async (winner: typeof WINNER) => (await bench.cycle([winner])).at(-1)?.facts;
const TWIN = { ...WINNER, experiment: "llm", params: { temperature: 0.2 } };

describe("winner_deployer_state.json", () => {
  test("of another tool is respected, extended, and keeps its other keys", async () => {
    const foreign = {
      deployed_hashes: ["44136fa355b3678a"],
      last_updated: "2025-11-08T17:35:14.700422",
      note: "x",
    };
    writeFileSync(bench.paths.winnerState, JSON.stringify(foreign));
    expect(await count({ ...WINNER, hash: "44136fa355b3678a" })).toMatchObject({ skipped: 1, deployed: 0 });
    expect(await count(WINNER)).toMatchObject({ deployed: 1 });
    expect(view()).toEqual({
      deployed_hashes: ["44136fa355b3678a", WINNER.hash],
      last_updated: expect.stringMatching(/^\d{4}-.*Z$/),
      note: "x",
    });
    expect(await listWinners(bench.paths)).toMatchObject([
      { state: "deployed", reason: "deployed before by another tool", keys: [] },
      { state: "deployed" },
    ]);
    const both = view()["deployed_hashes"];
    await bench.decide("rollback", WINNER);
    expect(view()["deployed_hashes"]).toEqual(both);
  });

  test("keeps what was replaced, taken back or rejected: no other tool may deploy it", async () => {
    const faster = { ...WINNER, hash: "00000000000000bb", params: { speed: 2 } };
    const refused = { ...WINNER, hash: "00000000000000cc", params: { speed: 0.5 } };
    await count(WINNER);
    await count(faster);
    await bench.cycle([{ ...refused, metrics: { hallucination_rate: 0.9 } }]);
    expect(view()["deployed_hashes"]).toEqual([WINNER.hash, faster.hash]);
    await bench.decide("reject", refused);
    await bench.decide("rollback", faster);
    const hashes = view()["deployed_hashes"] as string[];
    expect(hashes.toSorted()).toEqual([WINNER.hash, faster.hash, refused.hash]);
    expect(await count(WINNER)).toMatchObject({ skipped: 1 });
    expect(await listWinners(bench.paths)).toHaveLength(3);
  });

  test("does not make our winner of one experiment count for another's of the same hash", async () => {
    await count(WINNER);
    expect(await count(TWIN)).toMatchObject({ deployed: 1 });
    expect(view()["deployed_hashes"]).toEqual([WINNER.hash]);
  });

  test("that is damaged is kept beside and written anew", async () => {
    writeFileSync(bench.paths.winnerState, "{");
    await count(WINNER);
    expect(view()["deployed_hashes"]).toEqual([WINNER.hash]);
    expect(readFileSync(`${bench.paths.winnerState}.damaged`, "utf8")).toBe("{");
    expect(bench.said.join()).toContain("is no JSON object");
  });

  test("and the record come back from the state when they were removed", async () => {
    await count(WINNER);
    const record = join(bench.paths.state, "winners.json");
    rmSync(record);
    rmSync(bench.paths.winnerState);
    expect(await count(WINNER)).toMatchObject({ skipped: 1 });
    expect(existsSync(record)).toBe(true);
    expect(view()["deployed_hashes"]).toEqual([WINNER.hash]);
  });
});

describe("listWinners()", () => {
  test("is empty before the first cycle", async () => {
    expect(await listWinners(bench.paths)).toEqual([]);
  });
  test("says what to do about a damaged record", async () => {
    writeFileSync(join(bench.paths.state, "winners.json"), "[]");
    const failure: unknown = await listWinners(bench.paths).catch((error: unknown) => error);
    expect(String(failure)).toContain("move it away");
  });
});

describe("an acknowledgement's name", () => {
  test("is experiment and hash", () => {
    expect(ackId({ experiment: "rag_opt", hash: "e73f10497a0b86c7" })).toBe("rag_opt_e73f10497a0b86c7");
  });
  test("never leads out of its directory, and stays different for different winners", () => {
    for (const experiment of ["../../etc/x", "a/b", ".hidden", "a\0", "x".repeat(1000)]) {
      expect(ackId({ experiment, hash: "00" })).toMatch(/^[A-Za-z0-9_-]{1,200}$/);
    }
    expect(ackId({ experiment: "a/b", hash: "0" })).not.toBe(ackId({ experiment: "a:b", hash: "0" }));
  });
});

describe("memory", () => {
  const entry = (n: number, size = 1): Remembered => ({
    experiment: "e",
    hash: String(n),
    state: "held",
    when: "2026-11-23T02:02:34.000Z",
    runTag: null,
    fitness: n,
    params: { x: "y".repeat(size) },
    metrics: {},
    keys: [],
    reason: "",
    deployment: null,
  });
  test("forgets the oldest beyond its number and its size", () => {
    let memory = readMemory(null);
    for (let n = 0; n < 10; n += 1) memory = remember(memory, entry(n), 3);
    expect(memory.winners.map(({ hash }) => hash)).toEqual(["7", "8", "9"]);
    for (let n = 0; n < 100; n += 1) memory = remember(memory, entry(n, 15_000), 1000);
    expect(JSON.stringify(memory).length).toBeLessThan(600_000);
    expect(memory.winners.at(-1)?.hash).toBe("99");
  });
  test("takes in another tool's hashes once", () => {
    const memory = adoptForeign(readMemory(null), ["a", "b", "a"]);
    expect(memory.foreignHashes).toEqual(["a", "b"]);
    expect(adoptForeign(memory, ["b"])).toBe(memory);
  });
});
