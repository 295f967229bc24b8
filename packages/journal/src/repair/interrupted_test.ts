/** What a process that died, or a loss of power, leaves half done is finished or undone at the next start or repair. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORKER, question, text } from "../fixtures.ts";
import { repairJournal } from "./repair.ts";
import { TestClient, checkJournal, testBroker } from "../testing.ts";

const NOW = 1_763_856_100_000;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-interrupted-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A journal that was never closed, with three signals of which the last is in its log only. */
async function leaveOpen(): Promise<void> {
  const live = join(dir, "live");
  const { broker } = testBroker({ path: join(mkdtempSync(live), "journal.db") });
  const router = new TestClient(broker, "intent-router");
  const worker = new TestClient(broker, WORKER.name);
  await worker.attach(WORKER);
  await router.now(router.session.publish([1, 2].map((n) => text(question(n)))));
  broker.db.emptyWal();
  await router.now(router.session.publish([text(question(3))]));
  for (const end of ["journal.db", "journal.db-wal", "journal.hwm"])
    copyFileSync(join(broker.db.path, "..", end), join(dir, end));
  broker.close();
}

test("a journal that was being made when the power failed is made anew", () => {
  const half = new Database(join(dir, "half.db"), { create: true });
  half.run("PRAGMA cache_size = 1");
  half.run("BEGIN");
  half.run("CREATE TABLE t(x)");
  half.run(
    "INSERT INTO t SELECT randomblob(1000) FROM (SELECT 1 FROM sqlite_schema a, json_each('[1,2,3,4,5,6,7,8,9]') b, json_each('[1,2,3,4,5,6,7,8,9]') c)",
  );
  copyFileSync(join(dir, "half.db"), path);
  copyFileSync(join(dir, "half.db-journal"), `${path}-journal`);
  half.close();
  const { broker } = testBroker({ path });
  expect(checkJournal(broker)).toEqual([]);
  expect(existsSync(`${path}-journal`)).toBe(false);
  broker.close();
});

describe("a journal that was about to take the place of another, its log aside already", () => {
  test("did not: the next start goes on with the one in place", async () => {
    await leaveOpen();
    copyFileSync(path, `${path}.repaired`);
    renameSync(`${path}-wal`, `${path}.repaired-log-before`);
    const { broker } = testBroker({ path });
    expect(broker.lastSeq).toBe(3);
    broker.close();
  });

  test("did not: a repair said again saves what the log holds", async () => {
    await leaveOpen();
    copyFileSync(path, `${path}.repaired`);
    renameSync(`${path}-wal`, `${path}.repaired-log-before`);
    expect(repairJournal(path, { nowMs: NOW })).toMatchObject({ signals: [], broken: 0 });
    const { broker } = testBroker({ path });
    expect(broker.lastSeq).toBe(3);
    broker.close();
  });

  test("did, and the old one's log goes", async () => {
    await leaveOpen();
    repairJournal(path, { nowMs: NOW });
    await Bun.write(`${path}.repaired-log-before`, "of the old one");
    const { broker } = testBroker({ path });
    expect(broker.lastSeq).toBe(3);
    expect(existsSync(`${path}.repaired-log-before`)).toBe(false);
    broker.close();
  });
});

describe("a repair", () => {
  const deadlines = (file: string): unknown[] => {
    const db = new Database(file);
    const rows = db.query("SELECT request_seq, state, due FROM deadline ORDER BY 1").all();
    db.close();
    return rows;
  };

  test("of a journal that is whole keeps its deadlines, and finds nothing broken", async () => {
    await leaveOpen();
    const { kept, ...report } = repairJournal(path, { nowMs: NOW });
    expect(report).toMatchObject({ signals: [], again: [], broken: 0 });
    expect(deadlines(path)).toHaveLength(3);
    expect(deadlines(path)).toEqual(deadlines(kept));
  });

  test("of a journal whose log was begun anew takes nothing from the older log behind it", async () => {
    const { broker } = testBroker({ path });
    const router = new TestClient(broker, "intent-router");
    const worker = new TestClient(broker, WORKER.name);
    await worker.attach(WORKER);
    for (let n = 0; n < 20; n++) await router.now(router.session.publish([text(question(n))]));
    const deliveries = worker.take(WORKER.name);
    broker.db.handle.run("PRAGMA wal_checkpoint(PASSIVE)");
    for (const one of deliveries.slice(0, 3)) await worker.settle(one, { kind: "done", emits: [] });
    const copy = join(dir, "copy.db");
    for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${copy}${end}`);
    broker.close();
    expect(repairJournal(copy, { nowMs: NOW })).toMatchObject({ signals: [], again: [], broken: 0 });
    const db = new Database(copy);
    expect(db.query("SELECT seq FROM delivery WHERE state = 2 ORDER BY seq").values()).toEqual([
      [1],
      [2],
      [3],
    ]);
    db.close();
  });

  test("arms a deadline whose row is lost anew", async () => {
    await leaveOpen();
    const db = new Database(path);
    db.run("UPDATE deadline SET due = 7 WHERE request_seq = 2");
    db.close();
    repairJournal(path, { nowMs: NOW });
    const { broker } = testBroker({ path });
    expect(checkJournal(broker)).toEqual([]);
    expect(broker.db.handle.query("SELECT due FROM deadline ORDER BY request_seq").values()).toEqual([
      [0],
      [0],
      [0],
    ]);
    broker.close();
  });
});
