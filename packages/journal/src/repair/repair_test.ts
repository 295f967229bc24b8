/** What a repair finds, puts back and names: one kind of damage after the other. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import { summed } from "../checksum.ts";
import { JournalDatabase } from "../database.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { repairJournal } from "./repair.ts";
import { type CountColumns, consumerSum, countsSum, isLetterIntact, letterSum } from "../row_sums.ts";
import { placeConsumers } from "./salvage_consumers.ts";
import { checkBeforeStart } from "../start/start_check.ts";
import { TestClient, testBroker } from "../testing.ts";
import { parseAnchor } from "../deadlines/time_away.ts";

const NOW = { nowMs: 1_763_856_100_000 };
const SPEC = { ...WORKER, stateKey: "" };
const MENDED = `consumer ${WORKER.name} does not match its checksum; what it says can be, so it was kept`;
const FRAME_BYTES = 4096 + 24;
const NAMED = /^frame \d+ of the write-ahead log says nothing|^the last 1 transactions are lost/;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-repair-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** One is done, one dead, one has a plan, one waits in line. `open`: as of a bus that died, with all of it in the log. */
async function build(open = false): Promise<void> {
  const at = open ? join(dir, "alive") : dir;
  mkdirSync(at, { recursive: true });
  const { broker } = testBroker({ path: join(at, "journal.db") });
  const worker = new TestClient(broker, WORKER.name);
  const router = new TestClient(broker, "intent-router");
  await worker.attach(SPEC);
  for (let n = 0; n < 4; n++) await router.now(router.session.publish([text(question(n))]));
  const [done] = worker.take(WORKER.name);
  await worker.settle(done!, { kind: "done", emits: [], state: '{"seen":1}' });
  const [dead] = worker.take(WORKER.name);
  await worker.settle(dead!, { kind: "dead", reason: "terminal", error: "impossible" });
  const [planned] = worker.take(WORKER.name);
  await worker.now(worker.session.plan(WORKER.name, planned!.seq, planned!.token, '{"step":1}'));
  if (open)
    for (const end of ["db", "db-wal", "hwm"])
      cpSync(join(at, `journal.${end}`), join(dir, `journal.${end}`));
  broker.close();
}

function change(sql: string): void {
  const db = new Database(path);
  db.run(sql);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

function rows(sql: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.query(sql).all();
  } finally {
    db.close();
  }
}

describe("a dead letter", () => {
  test("under another number is refused, named, and made anew", async () => {
    await build();
    change("UPDATE deadletter SET n = 33");
    expect(() => checkBeforeStart(path)).toThrow("dead letter 33 (signal 2) does not match its checksum");
    expect(repairJournal(path, NOW)).toMatchObject({
      damage: [expect.stringContaining("dead letter 33")],
      notes: [
        "dead letter 33 (signal 2) does not match its checksum: it is lost",
        `the dead letter of ${WORKER.name} for signal 2 was made anew`,
      ],
      audit: { ok: true },
    });
    expect(rows("SELECT n, seq, state FROM deadletter")).toEqual([{ n: 1, seq: 2, state: "dead" }]);
  });

  test("that an earlier program wrote, without its number in the checksum, is intact", () => {
    const columns = { cid: 1, seq: 2, id: "a", consumer: "b", reason: "c", error: "d", attempts: 1 };
    const letter = { ...columns, first_at: 1, dead_at: 2, state: "dead", content: null, fields: null };
    const sum = Bun.hash.crc32(JSON.stringify(Object.values(letter)));
    expect(isLetterIntact({ n: 1, ...letter, sum })).toBe(true);
    expect(isLetterIntact({ n: 1, ...letter, sum: letterSum({ n: 1, ...letter }) })).toBe(true);
    expect(isLetterIntact({ n: 33, ...letter, sum: letterSum({ n: 1, ...letter }) })).toBe(false);
  });
});

describe("a consumer whose row is damaged", () => {
  const WRITTEN = [{ cid: 1, name: WORKER.name, removed_at: null }];
  const DAMAGE = [
    ["seems removed", "UPDATE consumer SET removed_at = 0"],
    ["has another number", "UPDATE consumer SET cid = 3"],
    ["has another name", "UPDATE consumer SET name = 'investigation-consumes'"],
    ["has another holder", "UPDATE consumer SET holder = 'x'"],
  ] as const;
  test.each(DAMAGE)("and %s is what it was, with its deliveries", async (_what, sql) => {
    await build();
    change(sql);
    const { signals, again, notes, audit } = repairJournal(path, NOW);
    expect({ signals, again, notes }).toEqual({ signals: [], again: [], notes: [MENDED] });
    expect(audit).toMatchObject({ ok: true });
    expect(rows("SELECT cid, name, removed_at FROM consumer")).toEqual(WRITTEN);
    const { broker } = testBroker({ path });
    const worker = new TestClient(broker, WORKER.name, { instance: "next" });
    await worker.attach(SPEC);
    expect(worker.take(WORKER.name)).toMatchObject([{ seq: 3, plan: '{"step":1}', state: '{"seen":1}' }]);
    broker.close();
  });

  test("does not take the place of one that is intact, by name or number", () => {
    const db = new JournalDatabase(path);
    const whole = {
      cid: 1,
      name: "a",
      definition: '{"name":"a","signals":[]}',
      holder: "h",
      removed_at: null,
    };
    db.prepare("INSERT INTO consumer VALUES(?,?,?,?,0,0,0,0,0,0,0,0,NULL,?,0)").run(
      ...[whole.cid, whole.name, whole.definition, whole.holder, consumerSum(whole)],
    );
    const mended: string[] = [];
    const other = { ...whole, name: "b", definition: '{"name":"b","signals":[]}' };
    const doubtful = [
      { ...whole, cid: 3, sum: 0 },
      { ...other, sum: 0 },
      { ...other, cid: 2, sum: 0 },
      { ...whole, cid: 4, definition: "{", sum: 0 },
    ];
    const unread: string[] = [];
    placeConsumers(db, { doubtful, mended, unread });
    expect(unread).toEqual(["consumer a is lost: its row makes no sense"]);
    expect(db.prepare("SELECT cid, name FROM consumer").all()).toEqual([
      { cid: 1, name: "a" },
      { cid: 2, name: "b" },
    ]);
    expect(mended).toEqual(["b"]);
    db.close();
  });
});

test("what retention tallied, damaged, refuses the start, and the counts that are made anew are named", async () => {
  await build();
  const taken = { matched: 1, done: 1 };
  change(`INSERT INTO meta VALUES('purged:1', '${summed(taken).replace('"done":1', '"done":9')}')`);
  const counts = (rows("SELECT * FROM consumer") as CountColumns[]).map((row) => ({ ...row, matched: 5 }));
  change(`UPDATE consumer SET matched = 5, counts_sum = ${countsSum(1, counts[0]!)}`);
  expect(() => checkBeforeStart(path)).toThrow("counts matched = 5, its rows say 4");
  const { notes, audit } = repairJournal(path, NOW);
  expect(notes).toEqual([
    `consumer ${WORKER.name} counts matched = 5, its rows say 4: they were counted anew`,
  ]);
  expect(audit).toMatchObject({ ok: true });
});

test("a row that looks like one of another table is named by the table of its page", async () => {
  await build();
  const { broker } = testBroker({ path });
  const router = new TestClient(broker, "intent-router");
  for (const id of ["a", "b"])
    await router.now(
      broker.admin("rejectContent", { id, error: "no", content: "{", fields: {} }, "intent-router"),
    );
  broker.close();
  const bytes = readFileSync(path);
  const [{ rootpage }] = rows("SELECT rootpage FROM sqlite_schema WHERE name = 'deadletter'") as [
    { rootpage: number },
  ];
  const page = bytes.subarray((rootpage - 1) * 4096, rootpage * 4096);
  const headerLengthAt = page.readUInt16BE(10) + 2;
  expect(page[headerLengthAt]).toBe(15);
  page[headerLengthAt] = 13;
  writeFileSync(path, bytes);
  expect(repairJournal(path, NOW).notes).toEqual([
    `1 rows on page ${rootpage}, of a table of dead letters, make no sense: they are lost where nothing else is said`,
  ]);
});

test("a delivery's key, by which a newer signal replaces it, is its signal's", async () => {
  await build();
  change("UPDATE delivery SET ckey = 'other' WHERE seq = 4");
  expect(repairJournal(path, NOW)).toMatchObject({ again: [], audit: { ok: true } });
  expect(rows("SELECT DISTINCT ckey FROM delivery")).toEqual([{ ckey: null }]);
});

test("a row of which nothing can be read is named by its table", async () => {
  await build();
  const bytes = readFileSync(path);
  const [{ rootpage }] = rows("SELECT rootpage FROM sqlite_schema WHERE name = 'deadletter'") as [
    { rootpage: number },
  ];
  const page = bytes.subarray((rootpage - 1) * 4096, rootpage * 4096);
  page.fill(0xff, page.readUInt16BE(8), page.readUInt16BE(8) + 9);
  writeFileSync(path, bytes);
  expect(repairJournal(path, NOW).notes).toEqual([
    `1 rows on page ${rootpage}, of a table that nothing tells, make no sense: they are lost where nothing else is said`,
    `the dead letter of ${WORKER.name} for signal 2 was made anew`,
  ]);
});

test("a page that says nothing is named, and nothing of its consumer is counted for the one that gets its number", async () => {
  await build();
  change(`INSERT INTO meta VALUES('purged:1', '${summed({ matched: 7, done: 7 })}')`);
  const bytes = readFileSync(path);
  const [{ rootpage }] = rows("SELECT rootpage FROM sqlite_schema WHERE name = 'consumer'") as [
    { rootpage: number },
  ];
  writeFileSync(path, bytes.fill(0, (rootpage - 1) * 4096, rootpage * 4096));
  expect(() => testBroker({ path })).toThrow("`kloros journal repair`");
  expect(repairJournal(path, NOW).notes).toEqual([
    `page ${rootpage} says nothing: what stood on it is lost where nothing else is said`,
    "consumer number 1 is lost with its 4 deliveries: when it comes again it begins as a new one",
  ]);
  const { broker } = testBroker({ path });
  await new TestClient(broker, WORKER.name, { instance: "next" }).attach(SPEC);
  expect(auditNow(broker.db.handle)).toMatchObject({
    ok: true,
    consumers: [{ name: WORKER.name, purged: 0 }],
  });
  broker.close();
});

test("a journal that is cut off says which command helps, and the pages that are missing are named", async () => {
  await build();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 4096 - 100));
  expect(() => testBroker({ path })).toThrow("`kloros journal repair`");
  const pages = bytes.length / 4096;
  expect(repairJournal(path, NOW).notes).toContain(
    `page ${pages} is missing: what stood on it is lost where nothing else is said`,
  );
});

test("a row that is damaged does not explain what else does not add up", async () => {
  await build();
  change("UPDATE signal SET body = replace(body, 'question', 'Question') WHERE seq = 4");
  expect(checkBeforeStart(path).damaged).toMatchObject([{ seq: 4, cid: 0 }]);
  change("DELETE FROM deadletter");
  expect(() => testBroker({ path })).toThrow("delivery (1, 2) is dead without a dead letter");
  expect(rows("SELECT * FROM damage")).toEqual([]);
});

test("a damaged signal whose delivery is dead leaves no difference", async () => {
  await build();
  // By its id its letter is found.
  change("UPDATE signal SET id = replace(id, '-', '_') WHERE seq = 2");
  const { broker } = testBroker({ path });
  expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, setAside: [{ seq: 2, cid: 0 }] });
  broker.close();
});

test("a next number that cannot be is no loss of all the signals up to it", async () => {
  await build();
  change("UPDATE meta SET v = v + 1099511627776 WHERE k = 'next_seq'");
  expect(repairJournal(path, NOW)).toMatchObject({ signals: [], notes: [], audit: { ok: true, signals: 4 } });
});

describe("a damaged page loses none of its rows", () => {
  test.each([
    ["its kind", 0, 0x01],
    ["its kind, which is now an inner page's", 0, 0x08],
    ["the number of its rows", 4, 0x01],
    ["where its first row is", 8, 0x01],
    ["where its first row is, which is now within another", 9, 0x10],
  ])("when its header is wrong about %s", async (_what, at, bit) => {
    await build();
    const [whole, mark] = [readFileSync(path), readFileSync(join(dir, "journal.hwm"))];
    const roots = rows("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'") as {
      name: string;
      rootpage: number;
    }[];
    for (const { name, rootpage } of roots.filter((one) => one.rootpage > 1)) {
      const bytes = Buffer.from(whole);
      const place = (rootpage - 1) * 4096 + at;
      bytes[place] = (bytes[place] ?? 0) ^ bit;
      writeFileSync(path, bytes);
      writeFileSync(join(dir, "journal.hwm"), mark);
      const { signals, again, notes, audit } = repairJournal(path, NOW);
      // A row too many in the header is one of which nothing can be read.
      const more = notes.filter((note) => !note.includes("lost where nothing else is said"));
      expect({ name, signals, again, more }).toEqual({ name, signals: [], again: [], more: [] });
      expect(audit).toMatchObject({ ok: true, signals: 4 });
      expect(rows("SELECT n, seq, state FROM deadletter")).toEqual([{ n: 1, seq: 2, state: "dead" }]);
    }
  });
});

describe("the journal's clock", () => {
  const clocks = (): unknown => rows("SELECT k, v FROM meta WHERE k IN ('clock', 'anchor') ORDER BY k");
  test("that shows another time is refused, and set by its anchor", async () => {
    await build();
    const before = clocks();
    change("UPDATE meta SET v = v + 1099511627776 WHERE k = 'clock'");
    expect(() => checkBeforeStart(path)).toThrow("the journal's clock shows 1099511627776");
    expect(repairJournal(path, NOW)).toMatchObject({ notes: [], audit: { ok: true } });
    expect(clocks()).toEqual(before);
  });

  test("whose anchor is damaged is refused, and named", async () => {
    await build();
    change("UPDATE meta SET v = replace(v, '\"clock\":0', '\"clock\":8') WHERE k = 'anchor'");
    expect(() => checkBeforeStart(path)).toThrow(
      "the anchor of the deadlines' clock does not match its checksum",
    );
    expect(repairJournal(path, NOW).notes).toEqual([
      expect.stringContaining("how long the bus was away is lost"),
    ]);
  });

  test("of an earlier program, whose anchor has no checksum, is believed", () => {
    expect(parseAnchor('{"wallMs":5,"clock":7}')).toEqual({ wallMs: 5, clock: 7 });
    expect(parseAnchor(summed({ wallMs: 5, clock: 7, own: 6 }))).toEqual({ wallMs: 5, clock: 7, own: 6 });
    expect(parseAnchor("null")).toBeUndefined();
  });
});

describe("a damaged frame of the log", () => {
  /** Overwrites `bytes` at an offset of each frame in turn, and repairs. */
  async function* damaged(
    at: number,
    bytes: (old: Buffer) => Buffer,
  ): AsyncGenerator<ReturnType<typeof repairJournal>> {
    await build(true);
    const whole = readFileSync(`${path}-wal`);
    for (let frame = 32; frame < whole.length; frame += FRAME_BYTES) {
      const place = join(dir, `frame-${frame}`);
      mkdirSync(place);
      for (const end of ["db", "hwm"]) cpSync(join(dir, `journal.${end}`), join(place, `journal.${end}`));
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
    const alive = join(dir, "alive");
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
    for (const end of ["db", "hwm"]) cpSync(join(alive, `journal.${end}`), join(dir, `journal.${end}`));
    const wal = readFileSync(join(alive, "journal.db-wal"));
    broker.close();
    wal.write('{"SEEN":1}', wal.lastIndexOf('{"seen":1}'));
    writeFileSync(`${path}-wal`, wal);
    expect(repairJournal(path, NOW).notes).toEqual([
      `the state "" of ${WORKER.name}: only an earlier version is left`,
    ]);
    expect(rows("SELECT substr(value, 9) AS value FROM state")).toEqual([{ value: '{"seen":0}' }]);
  });

  test("at the end, that lost its commit, is named by the mark beside the journal", async () => {
    await build(true);
    const wal = readFileSync(`${path}-wal`);
    const lastAt = wal.length - FRAME_BYTES;
    wal.writeUInt32BE(0, lastAt + 4);
    writeFileSync(`${path}-wal`, wal);
    expect(repairJournal(path, NOW).notes).toContainEqual(
      "the last 1 transactions are lost, or are not whole: what they settled is given again",
    );
    expect(auditNow(new Database(path, { readonly: true }))).toMatchObject({ ok: true });
  });
});
