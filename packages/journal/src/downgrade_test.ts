import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downgradeJournal, journalVersions, migrateJournal } from "./downgrade.ts";
import { WORKER, question, text } from "./fixtures.ts";
import { lowestBack, readSchema, schemaOfVersion, type Step, versionOf } from "./migrate.ts";
import { toVersion1 } from "./migrations/to_version_1.ts";
import { toVersion2 } from "./migrations/to_version_2.ts";
import { rehearseMigration } from "./rehearse.ts";
import { TestClient, checkJournal, testBroker } from "./testing.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-downgrade-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As a release would have it whose second step can be undone. */
const BACK: readonly Step[] = [
  { forth: toVersion1 },
  {
    forth: toVersion2,
    back: (db) => {
      for (const table of ["deadline", "idmemo"]) db.run(`DROP TABLE ${table}`);
      for (const column of ["consumer DROP sum", "consumer DROP counts_sum", "subscription DROP sum"])
        db.run(`ALTER TABLE ${column}`);
      db.run("ALTER TABLE deadletter DROP sum");
    },
  },
];

/** Signals, one of them taken by a worker that has planned. */
async function fill(): Promise<void> {
  const { broker } = testBroker({ path });
  const worker = new TestClient(broker, WORKER.name);
  await worker.attach(WORKER);
  const router = new TestClient(broker, "intent-router");
  await router.now(router.session.publish([1, 2, 3].map((n) => text(question(n)))));
  expect(worker.take(WORKER.name)).toBeArrayOfSize(3);
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
}

function readRows(sql: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.query(sql).all();
  } finally {
    db.close();
  }
}

test("how far back a journal can go ends at the last step that has no way back", () => {
  const forth = (): void => undefined;
  const both: Step = { forth, back: forth };
  expect(lowestBack([{ forth }, { forth }])).toBe(2);
  expect(lowestBack([{ forth }, { forth }, both, both])).toBe(2);
  expect(lowestBack([{ forth }, both, { forth }, both])).toBe(3);
  expect(lowestBack([both, both])).toBe(0);
});

test("a migration by hand is what a start of the bus does, and nothing the second time", async () => {
  writeFileSync(
    path,
    Bun.gunzipSync(readFileSync(join(import.meta.dir, "..", "fixtures", "journal_v1.db.gz"))),
  );
  expect(migrateJournal(path)).toEqual({ from: 1, to: 2, kept: `${path}.v1` });
  expect(migrateJournal(path)).toEqual({ from: 2, to: 2, kept: null });
  const { broker } = testBroker({ path });
  expect(checkJournal(broker)).toEqual([]);
  expect(() => migrateJournal(path)).toThrow("is locked by");
  broker.close();
  expect(() => migrateJournal(join(dir, "nowhere.db"))).toThrow("there is no journal");
});

describe("the way back", () => {
  test("keeps every signal and how consumers stand, leaves a copy, and can be gone again", async () => {
    await fill();
    const before = [
      readRows("SELECT * FROM signal"),
      readRows("SELECT * FROM delivery"),
      readRows("SELECT * FROM meta"),
    ];
    expect(downgradeJournal(path, 1, BACK)).toEqual({ from: 2, to: 1, kept: `${path}.v2` });
    const db = new Database(path, { readonly: true });
    expect([versionOf(db), readSchema(db)]).toEqual([1, [...schemaOfVersion(1)]]);
    db.close();
    expect([
      readRows("SELECT * FROM signal"),
      readRows("SELECT * FROM delivery"),
      readRows("SELECT * FROM meta"),
    ]).toEqual(before);
    const copy = new Database(`${path}.v2`, { readonly: true });
    expect(versionOf(copy)).toBe(2);
    copy.close();
    expect(statSync(`${path}.v2`).mode & 0o777).toBe(0o600);
    expect(downgradeJournal(path, 1, BACK)).toEqual({ from: 1, to: 1, kept: null });
    const { broker } = testBroker({ path });
    expect(checkJournal(broker)).toEqual([]);
    broker.close();
  });

  test("that does not lead to the tables of then changes nothing", async () => {
    await fill();
    const [first] = BACK;
    const before = readRows("SELECT * FROM sqlite_schema");
    const half: Step = { forth: toVersion2, back: (db) => void db.run("DROP TABLE idmemo") };
    expect(() => downgradeJournal(path, 1, first === undefined ? [] : [first, half])).toThrow(
      "leaves other tables",
    );
    expect(readRows("SELECT * FROM sqlite_schema")).toEqual(before);
    expect(journalVersions(path).found).toBe(2);
  });

  test("is refused where something would be lost, with nothing changed", async () => {
    await fill();
    expect(() => downgradeJournal(path, 1)).toThrow(
      /no way back from schema version 2 to 1 that loses nothing/,
    );
    expect(existsSync(`${path}.v2`)).toBe(false);
    const newer = new Database(path);
    newer.run("PRAGMA user_version = 9");
    newer.close();
    expect(() => downgradeJournal(path, 2)).toThrow("the release that wrote it knows the way back");
  });

  test("is refused while a bus runs, and for a journal that is damaged or not there", async () => {
    expect(() => downgradeJournal(path, 1, BACK)).toThrow("there is no journal");
    const { broker } = testBroker({ path });
    expect(() => downgradeJournal(path, 1, BACK)).toThrow("is locked by");
    broker.close();
    const db = new Database(path);
    db.run("CREATE TABLE foreign_table(x)");
    db.close();
    expect(() => downgradeJournal(path, 1, BACK)).toThrow("foreign_table");
  });
});

test("the versions of a journal are told without changing it", () => {
  expect(journalVersions(path)).toEqual({ found: null, known: 2, backTo: 2 });
  copyFileSync(import.meta.path, path);
  expect(() => journalVersions(path)).toThrow("damaged");
});

describe("a migration is rehearsed on a copy", () => {
  const older = (): void =>
    writeFileSync(
      path,
      Bun.gunzipSync(readFileSync(join(import.meta.dir, "..", "fixtures", "journal_v1.db.gz"))),
    );

  test("and tells what it does, and whether there is a way back", async () => {
    older();
    expect(rehearseMigration(path)).toEqual({ from: 1, to: 2, back: false, signals: 8 });
    expect(journalVersions(path).found).toBe(2);
    await fillNew();
    expect(rehearseMigration(path)).toEqual({ from: 2, to: 2, back: true, signals: 3 });
  });

  test("and says what would be wrong afterwards, instead of finding it on the journal itself", () => {
    older();
    const db = new Database(path);
    db.run("UPDATE consumer SET done = done + 1");
    db.close();
    expect(() => rehearseMigration(path)).toThrow("does not add up");
    expect(() => rehearseMigration(join(dir, "nowhere.db"))).toThrow("no copy of a journal");
  });

  async function fillNew(): Promise<void> {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    await fill();
  }
});
