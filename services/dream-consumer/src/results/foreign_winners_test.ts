import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readChangedWinners, snapshotWinners } from "./foreign_winners.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-winners-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, fitness: number): void {
  const winner = { updated_at: 1, best: { fitness, params: { x: 1 }, metrics: { m: 1 } } };
  writeFileSync(join(directory, name), JSON.stringify(winner));
}

async function changedSince(before: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const left = await readChangedWinners(directory, before);
  return left.kind === "foreign" ? left.winners.map((one) => one.experiment) : [];
}

test("new, changed and rewritten winners are of this run, the others are not", async () => {
  for (const name of ["same.json", "changed.json", "rewritten.json"]) write(name, 1);
  const before = await snapshotWinners(directory);
  expect(await changedSince(before)).toEqual([]);
  write("new.json", 1);
  write("changed.json", 2);
  utimesSync(join(directory, "rewritten.json"), new Date(), new Date(Date.now() + 5000));
  writeFileSync(join(directory, ".hidden.json"), "{");
  writeFileSync(join(directory, "notes.txt"), "");
  expect(await changedSince(before)).toEqual(["changed", "new", "rewritten"]);
});

test("a winner that cannot be read is named and hides no other", async () => {
  write("good.json", 1);
  writeFileSync(join(directory, "bad.json"), '{"best": [\n');
  const left = await readChangedWinners(directory, {});
  expect(left).toMatchObject({ kind: "foreign", winners: [{ experiment: "good" }] });
  expect(left.kind === "foreign" && left.unreadable[0]).toContain("bad.json");
});

test("no directory holds no winners", async () => {
  expect(await snapshotWinners(join(directory, "none"))).toEqual({});
});

test("more winners than a plan can hold are refused with what to do", async () => {
  for (let n = 0; n < 250; n++) write(`${"experiment".repeat(10)}_${n}.json`, 1);
  const error = await snapshotWinners(directory).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(String(error)).toContain("move those");
});
