/** The witness sees what is lost and what is doubled, also where two ids tell of one thing; and the command reads its flags. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestBus } from "@kloros/daemon/testing";
import { createRoot, type Envelope, RunScanner } from "@kloros/signal-schema";
import { testify } from "./house/witness.ts";
import { readInvocation } from "./kill/options.ts";
import { added, NOTHING, summaryLines } from "./kill/summary.ts";

let directory: string;
let journal: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-witness-"));
  journal = join(directory, "journal.db");
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const said = (n: number): Envelope =>
  createRoot(
    RunScanner,
    { scanner: `witness-0-${String(n)}` },
    { source: "operator", nowMs: 1_763_856_000_000 + n },
  );

async function store(...envelopes: readonly Envelope[]): Promise<readonly string[]> {
  const bus = openTestBus({ path: journal });
  await bus.connect("operator").publish(envelopes);
  await bus.close();
  return envelopes.map(({ id }) => id);
}

test("what is there once is neither lost nor doubled", async () => {
  const ids = await store(said(0), said(1));
  expect(testify(ids, journal)).toEqual({ acknowledged: 2, lost: [], doubled: [] });
});

test("what was acknowledged and is not there is lost, unless its id is remembered", async () => {
  const ids = await store(said(0), said(1), said(2));
  const db = new Database(journal);
  db.run("DELETE FROM signal WHERE seq > 1");
  db.run("INSERT INTO idmemo(id, seq, body_hash, forget_at, sum) VALUES(?, 3, '', 0, 0)", [ids[2] ?? ""]);
  db.close();
  expect(testify(ids, journal)).toMatchObject({ lost: [ids[1]], doubled: [] });
});

test("one thing that is stored under two ids is doubled", async () => {
  const ids = await store(said(0), said(0));
  expect(testify(ids, journal)).toMatchObject({ lost: [], doubled: ["witness-0-0"] });
});

test("rounds add up, and one flaw is a flaw of all", () => {
  const proof = { acknowledged: 5, lost: [], doubled: [], asked: 3, audits: 4, poison: 0 };
  const one = added(NOTHING, 1, { ...proof, flaws: [], kills: { "chemical-bus": 2 } });
  const both = added(one, 2, {
    ...proof,
    lost: ["x"],
    flaws: ["acknowledged and lost: x"],
    kills: { "chemical-bus": 3 },
  });
  expect(both).toMatchObject({
    rounds: 2,
    kills: 5,
    acknowledged: 10,
    lost: 1,
    flaws: ["seed 2: acknowledged and lost: x"],
  });
  expect(summaryLines(one)).toContain("nothing is wrong");
  expect(summaryLines(both)).not.toContain("nothing is wrong");
});

test("flags that make no sense are named", () => {
  expect(readInvocation(["--kills", "12", "--seed", "3"])).toMatchObject({
    kills: 12,
    seed: 3,
    perRound: 40,
  });
  for (const text of ["0", "-1", "many", "1.5"])
    expect(() => readInvocation([`--kills=${text}`])).toThrow(`--kills ${text}`);
});
