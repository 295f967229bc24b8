/** What a repair makes of damaged pages of the journal, and of damaged frames of its write-ahead log. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import { verifyJournal } from "../audit/verify.ts";
import { summed } from "../checksum.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { NOW, RepairHouse, SPEC } from "./repair_house.ts";
import { repairJournal } from "./repair.ts";
import { TestClient, testBroker } from "../testing.ts";

const messageOf = (error: unknown): string => String(error);
const FRAME_BYTES = 4096 + 24;
const NAMED = /^frame \d+ of the write-ahead log says nothing|^the last 1 transactions are lost/;

let house: RepairHouse;
beforeEach(() => (house = new RepairHouse()));
afterEach(() => house.remove());

test("a page that says nothing is named, and nothing of its consumer is counted for the one that gets its number", async () => {
  await house.build();
  house.change(`INSERT INTO meta VALUES('purged:1', '${summed({ matched: 7, done: 7 })}')`);
  const bytes = readFileSync(house.path);
  const rootpage = house.rootOf("consumer");
  writeFileSync(house.path, bytes.fill(0, (rootpage - 1) * 4096, rootpage * 4096));
  expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
  expect(house.repair().notes).toEqual([
    `page ${rootpage} says nothing: what stood on it is lost where nothing else is said`,
    "consumer number 1 is lost with its 4 deliveries: when it comes again it begins as a new one",
  ]);
  const { broker } = testBroker({ path: house.path });
  await new TestClient(broker, WORKER.name, { instance: "next" }).attach(SPEC);
  expect(auditNow(broker.db.handle)).toMatchObject({
    ok: true,
    consumers: [{ name: WORKER.name, purged: 0 }],
  });
  broker.close();
});

test.each([
  ["a format that SQLite does not write", 18, 6],
  ["a newer version", 63, 130],
])("a journal whose header names %s says which command helps, and loses nothing", async (_what, at, byte) => {
  await house.build();
  const bytes = readFileSync(house.path);
  bytes[at] = byte;
  writeFileSync(house.path, bytes);
  expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
  expect(house.repair()).toMatchObject({
    signals: [],
    again: [],
    notes: [],
    audit: { ok: true, signals: 4 },
  });
});

test("a journal that is cut off says which command helps, and the pages that are missing are named", async () => {
  await house.build();
  const bytes = readFileSync(house.path);
  writeFileSync(house.path, bytes.subarray(0, bytes.length - 4096 - 100));
  expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
  const pages = bytes.length / 4096;
  expect(house.repair().notes).toContain(
    `page ${pages} is missing: what stood on it is lost where nothing else is said`,
  );
});

describe("a damaged page loses none of its rows", () => {
  test.each([
    ["its kind", 0, 0x01],
    ["its kind, which is now an inner page's", 0, 0x08],
    ["the number of its rows", 4, 0x01],
    ["where its first row is", 8, 0x01],
    ["where its first row is, which is now within another", 9, 0x10],
  ])("when its header is wrong about %s", async (_what, at, bit) => {
    await house.build();
    const [whole, mark] = [readFileSync(house.path), readFileSync(join(house.dir, "journal.hwm"))];
    const roots = house.rows("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'") as {
      name: string;
      rootpage: number;
    }[];
    for (const { name, rootpage } of roots.filter((one) => one.rootpage > 1)) {
      const bytes = Buffer.from(whole);
      const place = (rootpage - 1) * 4096 + at;
      bytes[place] = (bytes[place] ?? 0) ^ bit;
      writeFileSync(house.path, bytes);
      writeFileSync(join(house.dir, "journal.hwm"), mark);
      const { signals, again, notes, audit } = house.repair();
      // A row too many in the header is one of which nothing can be read.
      const more = notes.filter((note) => !note.includes("lost where nothing else is said"));
      expect({ name, signals, again, more }).toEqual({ name, signals: [], again: [], more: [] });
      expect(audit).toMatchObject({ ok: true, signals: 4 });
      expect(house.rows("SELECT n, seq, state FROM deadletter")).toEqual([{ n: 1, seq: 2, state: "dead" }]);
    }
  });
});

describe("a damaged frame of the log", () => {
  /** Overwrites `bytes` at an offset of each frame in turn, and repairs. */
  async function* damaged(
    at: number,
    bytes: (old: Buffer) => Buffer,
  ): AsyncGenerator<ReturnType<typeof repairJournal>> {
    await house.build(true);
    const whole = readFileSync(`${house.path}-wal`);
    for (let frame = 32; frame < whole.length; frame += FRAME_BYTES) {
      const place = join(house.dir, `frame-${frame}`);
      mkdirSync(place);
      for (const end of ["db", "hwm"])
        cpSync(join(house.dir, `journal.${end}`), join(place, `journal.${end}`));
      const wal = Buffer.from(whole);
      bytes(wal.subarray(frame + at)).copy(wal, frame + at);
      writeFileSync(join(place, "journal.db-wal"), wal);
      yield repairJournal(join(place, "journal.db"), NOW);
    }
  }
  const number = (to: (old: number) => number) => (old: Buffer) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(to(old.readUInt32BE(0)));
    return bytes;
  };

  test.each([
    ["another page's", (old: number) => (old % 20) + 1],
    ["no page's", (old: number) => old + 0x1_00_00_00],
  ])(
    "that has %s number is found to be of its own by its checksum",
    async (_what, to) => {
      for await (const { signals, again, notes, damage } of damaged(0, number(to))) {
        expect({ signals, again, notes }).toEqual({ signals: [], again: [], notes: [] });
        expect(damage.some((what) => /^frame \d+ of the write-ahead log does not match/.test(what))).toBe(
          true,
        );
      }
    },
    60_000,
  );

  test("of which nothing is left is named, with what is as it was before", async () => {
    for await (const { notes, audit } of damaged(0, () => Buffer.alloc(FRAME_BYTES))) {
      // The last one was a commit.
      expect(notes.some((note) => NAMED.test(note))).toBe(true);
      expect(audit).toMatchObject({ ok: true });
    }
  }, 60_000);

  test("with a row that changed is named, and what the row was before is taken", async () => {
    const alive = join(house.dir, "alive");
    mkdirSync(alive);
    const { broker } = testBroker({ path: join(alive, "journal.db") });
    const worker = new TestClient(broker, WORKER.name);
    const router = new TestClient(broker, "intent-router");
    await worker.attach(SPEC);
    for (let n = 0; n < 2; n++) {
      await router.now(router.session.publish([text(question(n))]));
      const [one] = worker.take(WORKER.name);
      await worker.settle(one!, { kind: "done", emits: [], state: `{"seen":${n}}` });
    }
    for (const end of ["db", "hwm"]) cpSync(join(alive, `journal.${end}`), join(house.dir, `journal.${end}`));
    const wal = readFileSync(join(alive, "journal.db-wal"));
    broker.close();
    wal.write('{"SEEN":1}', wal.lastIndexOf('{"seen":1}'));
    writeFileSync(`${house.path}-wal`, wal);
    expect(house.repair().notes).toEqual([`the state "" of ${WORKER.name}: only an earlier version is left`]);
    expect(house.rows("SELECT substr(value, 9) AS value FROM state")).toEqual([{ value: '{"seen":0}' }]);
  });

  test("at the end, that lost its commit, is named by the mark beside the journal", async () => {
    await house.build(true);
    const wal = readFileSync(`${house.path}-wal`);
    const lastAt = wal.length - FRAME_BYTES;
    wal.writeUInt32BE(0, lastAt + 4);
    writeFileSync(`${house.path}-wal`, wal);
    expect(house.repair().notes).toContainEqual(
      "the last 1 transactions are lost, or are not whole: what they settled is given again",
    );
    expect(auditNow(new Database(house.path, { readonly: true }))).toMatchObject({ ok: true });
  });
});

test("a row that looks like one of another table is named by the table of its page", async () => {
  await house.build();
  const { broker } = testBroker({ path: house.path });
  const router = new TestClient(broker, "intent-router");
  for (const id of ["a", "b"])
    await router.now(
      broker.admin("rejectContent", { id, error: "no", content: "{", fields: {} }, "intent-router"),
    );
  broker.close();
  const bytes = readFileSync(house.path);
  const rootpage = house.rootOf("deadletter");
  const page = bytes.subarray((rootpage - 1) * 4096, rootpage * 4096);
  const headerLengthAt = page.readUInt16BE(10) + 2;
  expect(page[headerLengthAt]).toBe(15);
  page[headerLengthAt] = 13;
  writeFileSync(house.path, bytes);
  expect(house.repair().notes).toEqual([
    `1 rows on page ${rootpage}, of a table of dead letters, make no sense: they are lost where nothing else is said`,
  ]);
});

test("a row of which nothing can be read is named by its table", async () => {
  await house.build();
  const bytes = readFileSync(house.path);
  const rootpage = house.rootOf("deadletter");
  const page = bytes.subarray((rootpage - 1) * 4096, rootpage * 4096);
  page.fill(0xff, page.readUInt16BE(8), page.readUInt16BE(8) + 9);
  writeFileSync(house.path, bytes);
  expect(house.repair().notes).toEqual([
    `1 rows on page ${rootpage}, of a table that nothing tells, make no sense: they are lost where nothing else is said`,
    `the dead letter of ${WORKER.name} for signal 2 was made anew`,
  ]);
});

describe("a journal whose file is", () => {
  test.each(["empty", "gone"])(
    "%s is repaired from its log, which a refused start leaves alone",
    async (how) => {
      await house.build(true);
      rmSync(house.path);
      if (how === "empty") writeFileSync(house.path, "");
      expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
      expect(statSync(`${house.path}-wal`).size).toBeGreaterThan(0);
      expect(house.repair()).toMatchObject({ signals: [], again: [], audit: { ok: true, signals: 4 } });
    },
  );

  test("gone with its log is begun anew by a repair, which names what its mark counted", async () => {
    await house.build();
    rmSync(house.path);
    expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
    expect(house.repair().signals.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    testBroker({ path: house.path }).broker.close();
  });

  test("no database is told by `verify`, too", async () => {
    await house.build();
    const bytes = readFileSync(house.path);
    bytes[0] = 0;
    writeFileSync(house.path, bytes);
    const refusal = await verifyJournal(house.path).catch(messageOf);
    expect(refusal).toContain("`kloros journal repair`");
  });
});
