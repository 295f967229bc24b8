import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "./broker.ts";
import { WORKER } from "./fixtures.ts";
import { migrate, versionOf } from "./migrate.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { TestClient, checkJournal, testBroker } from "./testing.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-migrate-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fixture = (version: number): Uint8Array =>
  Bun.gunzipSync(readFileSync(join(import.meta.dir, "..", "fixtures", `journal_v${version}.db.gz`)));

const VERSIONS = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);

function tablesOf(db: Database): unknown[] {
  return db.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").all();
}

describe("a journal of version", () => {
  for (const version of VERSIONS) {
    test(`${version} opens with all that was in it, and goes on`, async () => {
      writeFileSync(path, fixture(version));
      const { broker } = testBroker({ path });
      expect(checkJournal(broker)).toEqual([]);
      expect(versionOf(broker.db.handle)).toBe(SCHEMA_VERSION);
      expect(await broker.admin("deadLetters", {})).toMatchObject([
        { seq: 2, error: "impossible" },
        { seq: 0, signal: "{", error: "no JSON" },
      ]);
      const worker = new TestClient(broker, WORKER.name, { instance: "next" });
      expect(await worker.attach(WORKER)).toMatchObject({ ok: true });
      expect(
        worker.take(WORKER.name).map(({ seq, attempt, plan }) => ({ seq, attempt, plan })),
      ).toContainEqual({ seq: 4, attempt: 1, plan: '{"step":1}' });
      expect(checkJournal(broker)).toEqual([]);
      broker.close();
    });

    test(`${version} ends with the tables that a new one has`, () => {
      writeFileSync(path, fixture(version));
      testBroker({ path }).broker.close();
      const [migrated, fresh] = [new Database(path), new Database(":memory:")];
      migrate(fresh, ":memory:", 0);
      expect(tablesOf(migrated)).toEqual(tablesOf(fresh));
      migrated.close();
      fresh.close();
    });
  }
});

describe("a step to the next version", () => {
  test("leaves a copy of the older one, for an older program to go back to", () => {
    writeFileSync(path, fixture(1));
    testBroker({ path }).broker.close();
    const copy = new Database(`${path}.v1`, { readonly: true });
    expect(versionOf(copy)).toBe(1);
    expect(copy.query("SELECT count(*) AS n FROM signal").get()).toEqual({ n: 8 });
    copy.close();
  });

  test("arms the deadlines of requests that wait at their worker", () => {
    writeFileSync(path, fixture(1));
    const { broker } = testBroker({ path });
    expect(broker.db.handle.query("SELECT request_seq, state FROM deadline").all()).toEqual(
      [3, 4, 5, 6].map((n) => ({ request_seq: n, state: 0 })),
    );
    broker.close();
  });

  test("that fails leaves the version before, whole", () => {
    writeFileSync(path, fixture(1));
    const db = new Database(path);
    const before = tablesOf(db);
    db.run("CREATE TABLE idmemo(here INTEGER)");
    expect(() => migrate(db, path, 1)).toThrow("idmemo");
    db.run("DROP TABLE idmemo");
    expect([versionOf(db), tablesOf(db)]).toEqual([1, before]);
    migrate(db, path, 1);
    expect(versionOf(db)).toBe(SCHEMA_VERSION);
    db.close();
  });

  test("is not taken back: a newer journal is refused, and the way back is named", () => {
    testBroker({ path }).broker.close();
    const newer = new Database(path);
    newer.run("CREATE TABLE later(a)");
    newer.run("PRAGMA user_version = 99");
    newer.close();
    expect(() => new Broker({ path })).toThrow(
      /version 99.*newer one; start that one, or move the file away$/,
    );
    writeFileSync(`${path}.v${SCHEMA_VERSION}`, "");
    expect(() => new Broker({ path })).toThrow(`put ${path}.v${SCHEMA_VERSION} in its place`);
    expect(existsSync(path)).toBe(true);
  });
});

test("a consumer whose row was changed from outside is named at the start", () => {
  writeFileSync(path, fixture(1));
  testBroker({ path }).broker.close();
  const db = new Database(path);
  db.run("UPDATE consumer SET done = done + 1 WHERE name = 'investigation-consumer'");
  db.close();
  expect(() => new Broker({ path })).toThrow("investigation-consumer");
});
