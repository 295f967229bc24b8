/** What a repair finds, puts back and names: one kind of damage after the other. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { auditNow } from "../audit/audit.ts";
import { summed } from "../checksum.ts";
import { JournalDatabase } from "../database.ts";
import { WORKER } from "../fixtures.ts";
import { RepairHouse, SPEC } from "./repair_house.ts";
import { type CountColumns, consumerSum, countsSum, isLetterIntact, letterSum } from "../row_sums.ts";
import { placeConsumers } from "./salvage_consumers.ts";
import { checkBeforeStart } from "../start/start_check.ts";
import { TestClient, testBroker } from "../testing.ts";
import { parseAnchor } from "../deadlines/time_away.ts";

const MENDED = `consumer ${WORKER.name} does not match its checksum; what it says can be, so it was kept`;

let house: RepairHouse;
beforeEach(() => (house = new RepairHouse()));
afterEach(() => house.remove());

describe("a dead letter", () => {
  test("under another number is refused, named, and made anew", async () => {
    await house.build();
    house.change("UPDATE deadletter SET n = 33");
    expect(() => checkBeforeStart(house.path)).toThrow(
      "dead letter 33 (signal 2) does not match its checksum",
    );
    expect(house.repair()).toMatchObject({
      damage: [expect.stringContaining("dead letter 33")],
      notes: [
        "dead letter 33 (signal 2) does not match its checksum: it is lost",
        `the dead letter of ${WORKER.name} for signal 2 was made anew`,
      ],
      audit: { ok: true },
    });
    expect(house.rows("SELECT n, seq, state FROM deadletter")).toEqual([{ n: 1, seq: 2, state: "dead" }]);
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
    await house.build();
    house.change(sql);
    const { signals, again, notes, audit } = house.repair();
    expect({ signals, again, notes }).toEqual({ signals: [], again: [], notes: [MENDED] });
    expect(audit).toMatchObject({ ok: true });
    expect(house.rows("SELECT cid, name, removed_at FROM consumer")).toEqual(WRITTEN);
    const { broker } = testBroker({ path: house.path });
    const worker = new TestClient(broker, WORKER.name, { instance: "next" });
    await worker.attach(SPEC);
    expect(worker.take(WORKER.name)).toMatchObject([{ seq: 3, plan: '{"step":1}', state: '{"seen":1}' }]);
    broker.close();
  });

  test("does not take the place of one that is intact, by name or number", () => {
    const db = new JournalDatabase(house.path);
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
  await house.build();
  const taken = { matched: 1, done: 1 };
  house.change(`INSERT INTO meta VALUES('purged:1', '${summed(taken).replace('"done":1', '"done":9')}')`);
  const counts = (house.rows("SELECT * FROM consumer") as CountColumns[]).map((row) => ({
    ...row,
    matched: 5,
  }));
  house.change(`UPDATE consumer SET matched = 5, counts_sum = ${countsSum(1, counts[0]!)}`);
  expect(() => checkBeforeStart(house.path)).toThrow("counts matched = 5, its rows say 4");
  const { notes, audit } = house.repair();
  expect(notes).toEqual([
    `consumer ${WORKER.name} counts matched = 5, its rows say 4: they were counted anew`,
  ]);
  expect(audit).toMatchObject({ ok: true });
});

test("a delivery's key, by which a newer signal replaces it, is its signal's", async () => {
  await house.build();
  house.change("UPDATE delivery SET ckey = 'other' WHERE seq = 4");
  expect(house.repair()).toMatchObject({ again: [], audit: { ok: true } });
  expect(house.rows("SELECT DISTINCT ckey FROM delivery")).toEqual([{ ckey: null }]);
});

test("a row that is damaged does not explain what else does not add up", async () => {
  await house.build();
  house.change("UPDATE signal SET body = replace(body, 'question', 'Question') WHERE seq = 4");
  expect(checkBeforeStart(house.path).damaged).toMatchObject([{ seq: 4, cid: 0 }]);
  house.change("DELETE FROM deadletter");
  expect(() => testBroker({ path: house.path })).toThrow("delivery (1, 2) is dead without a dead letter");
  expect(house.rows("SELECT * FROM damage")).toEqual([]);
});

test("a damaged signal whose delivery is dead leaves no difference", async () => {
  await house.build();
  // By its id its letter is found.
  house.change("UPDATE signal SET id = replace(id, '-', '_') WHERE seq = 2");
  const { broker } = testBroker({ path: house.path });
  expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, setAside: [{ seq: 2, cid: 0 }] });
  broker.close();
});

test("a next number that cannot be is no loss of all the signals up to it", async () => {
  await house.build();
  house.change("UPDATE meta SET v = v + 1099511627776 WHERE k = 'next_seq'");
  expect(house.repair()).toMatchObject({ signals: [], notes: [], audit: { ok: true, signals: 4 } });
});

describe("the journal's clock", () => {
  const clocks = (): unknown => house.rows("SELECT k, v FROM meta WHERE k IN ('clock', 'anchor') ORDER BY k");
  test("that shows another time is refused, and set by its anchor", async () => {
    await house.build();
    const before = clocks();
    house.change("UPDATE meta SET v = v + 1099511627776 WHERE k = 'clock'");
    expect(() => checkBeforeStart(house.path)).toThrow("the journal's clock shows 1099511627776");
    expect(house.repair()).toMatchObject({ notes: [], audit: { ok: true } });
    expect(clocks()).toEqual(before);
  });

  test("whose anchor is damaged is refused, and named", async () => {
    await house.build();
    house.change("UPDATE meta SET v = replace(v, '\"clock\":0', '\"clock\":8') WHERE k = 'anchor'");
    expect(() => checkBeforeStart(house.path)).toThrow(
      "the anchor of the deadlines' clock does not match its checksum",
    );
    expect(house.repair().notes).toEqual([expect.stringContaining("how long the bus was away is lost")]);
  });

  test("of an earlier program, whose anchor has no checksum, is believed", () => {
    expect(parseAnchor('{"wallMs":5,"clock":7}')).toEqual({ wallMs: 5, clock: 7 });
    expect(parseAnchor(summed({ wallMs: 5, clock: 7, own: 6 }))).toEqual({ wallMs: 5, clock: 7, own: 6 });
    expect(parseAnchor("null")).toBeUndefined();
  });
});
