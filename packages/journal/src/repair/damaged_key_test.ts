/** Damage that checksums of columns do not see by themselves: in the key of a row, and in the type of a column. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import { sealState, seal, unsealState } from "../checksum.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { repairJournal } from "./repair.ts";
import { TestClient, testBroker } from "../testing.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-key-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function build(): Promise<string> {
  const path = join(dir, "journal.db");
  const { broker } = testBroker({ path });
  const worker = new TestClient(broker, WORKER.name);
  const router = new TestClient(broker, "intent-router");
  await worker.attach({ ...WORKER, stateKey: "" });
  for (let n = 0; n < 4; n++) await router.now(router.session.publish([text(question(n))]));
  const [first] = worker.take(WORKER.name);
  if (first !== undefined) await worker.settle(first, { kind: "done", emits: [], state: '{"seen":1}' });
  broker.close();
  return path;
}

function change(path: string, sql: string): void {
  const db = new Database(path);
  db.run(sql);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

test("a delivery under another number is not taken for damage that explains the one that is missing", async () => {
  const path = await build();
  change(path, "UPDATE delivery SET seq = 27 WHERE seq = 3");
  expect(() => testBroker({ path })).toThrow("has no delivery of signal 3");
  expect(repairJournal(path, { nowMs: 1_763_856_100_000 })).toMatchObject({
    signals: [],
    again: [{ consumer: WORKER.name, seq: 3 }],
    audit: { ok: true, undelivered: 0 },
  });
});

test("a delivery whose number became a text or a blob is not saved as it is", async () => {
  const path = await build();
  change(path, "UPDATE delivery SET suspect = x'' WHERE seq = 3");
  const { again, audit } = repairJournal(path, { nowMs: 1_763_856_100_000 });
  expect(again).toEqual([{ consumer: WORKER.name, seq: 3 }]);
  expect(audit).toMatchObject({ ok: true });
});

test("a signal whose body became a blob of the same bytes is named, and the others are delivered", async () => {
  const path = await build();
  change(path, "UPDATE signal SET body = CAST(body AS BLOB) WHERE seq = 3");
  const { broker } = testBroker({ path });
  const worker = new TestClient(broker, WORKER.name, { instance: "next" });
  await worker.attach({ ...WORKER, stateKey: "" });
  expect(worker.take(WORKER.name).map(({ seq }) => seq)).toEqual([2]);
  expect((await broker.read({})).items.map(({ seq }) => seq)).toEqual([1, 2, 4]);
  expect(auditNow(broker.db.handle).setAside.map(({ seq }) => seq)).toContain(3);
  broker.close();
});

test.each(["key = 'a'", "key = '', cid = 7"])(
  "a state that has %s now is named, and set aside by the next start",
  async (other) => {
    const path = await build();
    change(path, `UPDATE state SET ${other}`);
    const db = new Database(path, { readonly: true });
    expect(auditNow(db).damaged).toMatchObject([
      { seq: 0, what: expect.stringContaining("checksum of the state") },
    ]);
    db.close();
    const { broker } = testBroker({ path });
    expect(broker.counters["damaged"]).toBe(1);
    expect(auditNow(broker.db.handle)).toMatchObject({
      ok: true,
      damaged: [],
      setAside: [{ seq: -1, what: expect.stringMatching(/^checksum of the state .*: [0-9a-f]{8}\{/) }],
    });
    expect(broker.db.handle.query("SELECT * FROM state").all()).toEqual([]);
    broker.close();
  },
);

test("a repair names a state that it loses, whatever is left of its row", async () => {
  const path = await build();
  change(path, "UPDATE state SET value = '00000000{}'");
  expect(repairJournal(path, { nowMs: 1_763_856_100_000 }).notes).toEqual([
    `the state "" of ${WORKER.name} does not match its checksum: it is lost`,
    `consumer ${WORKER.name} keeps a state, and none is left: it begins with none`,
  ]);
  change(path, "DELETE FROM state");
  change(path, "UPDATE delivery SET suspect = x'' WHERE seq = 3");
  expect(repairJournal(path, { nowMs: 1_763_856_100_000 }).notes).toEqual([
    `consumer ${WORKER.name} keeps a state, and none is left: it begins with none`,
  ]);
});

test("a state that an earlier program sealed is read", () => {
  expect(unsealState(1, "a", seal("{}"))).toBe("{}");
  expect(unsealState(1, "a", sealState(1, "a", "{}"))).toBe("{}");
  expect(unsealState(1, "a", sealState(1, "b", "{}"))).toBeUndefined();
  expect(unsealState(1, "a", sealState(2, "a", "{}"))).toBeUndefined();
  expect(unsealState(1, "a", "")).toBeUndefined();
});

describe("an empty blob, one bit away from 0", () => {
  test("in place of a delivery's state is damage, and what is behind it is given", async () => {
    const path = await build();
    change(path, "UPDATE delivery SET state = x'' WHERE seq = 3");
    const { broker } = testBroker({ path });
    const worker = new TestClient(broker, WORKER.name, { instance: "next" });
    await worker.attach({ ...WORKER, stateKey: "" });
    expect(worker.take(WORKER.name).map(({ seq }) => seq)).toEqual([2]);
    expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, setAside: [{ seq: 3, cid: 1 }] });
    broker.close();
  });

  test("in place of a deadline's is damage", async () => {
    const path = await build();
    change(path, "UPDATE deadline SET state = x''");
    expect(() => testBroker({ path })).toThrow(/the deadline of request \d+ does not match its checksum/);
  });
});

test("a state whose key is no text any more is set aside by the start", async () => {
  const path = await build();
  change(path, "UPDATE state SET key = CAST(x'80' AS TEXT)");
  const { broker } = testBroker({ path });
  expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, setAside: [{ seq: -1, cid: 1 }] });
  broker.close();
});

describe("a delivery of a signal from before its consumer began to ask", () => {
  async function buildEarlier(): Promise<string> {
    const path = join(dir, "journal.db");
    const { broker } = testBroker({ path });
    const router = new TestClient(broker, "intent-router");
    for (let n = 0; n < 4; n++) await router.now(router.session.publish([text(question(n))]));
    await new TestClient(broker, WORKER.name).attach({ ...WORKER, stateKey: "" });
    broker.close();
    return path;
  }

  test("that stands under another number refuses the start, and is named by the repair", async () => {
    const path = await buildEarlier();
    change(path, "UPDATE delivery SET seq = 27 WHERE seq = 3");
    expect(() => testBroker({ path })).toThrow("counts matched_x");
    const { notes } = repairJournal(path, { nowMs: 1_763_856_100_000 });
    expect(notes.join("\n")).toContain("its row says, wrongly, that it was of signal 27");
  });

  test("that is damaged is given again by the repair, and named", async () => {
    const path = await buildEarlier();
    change(path, "UPDATE delivery SET attempt = 7 WHERE seq = 3");
    const { again, audit } = repairJournal(path, { nowMs: 1_763_856_100_000 });
    expect(again).toEqual([{ consumer: WORKER.name, seq: 3 }]);
    expect(audit).toMatchObject({ ok: true });
  });
});

test("texts that SQLite stores otherwise than they are said match their checksum", async () => {
  const path = await build();
  const { broker } = testBroker({ path });
  const router = new TestClient(broker, "intent-router");
  const rejected = [
    { id: "half a pair \ud83d", error: "no \ud83d", content: "\ud83d", fields: {} },
    { id: "a byte order mark", error: "no", content: "\ufeff{}", fields: {} },
  ];
  for (const one of rejected) await router.now(broker.admin("rejectContent", one, "intent-router"));
  expect(auditNow(broker.db.handle)).toMatchObject({ ok: true });
  broker.close();
  testBroker({ path }).broker.close();
  expect(repairJournal(path, { nowMs: 1_763_856_100_000 })).toMatchObject({ notes: [], broken: 0 });
});
