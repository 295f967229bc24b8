/**
 * Makes a whole of what was salvaged: what should be there and is not is put back where it can be, and named where it
 * cannot.
 *
 * A delivery whose row is lost is delivered again: done twice under one id is harmless, not done is a loss.
 */
import type { ConsumerSpec } from "../broker_types.ts";
import { NOTE_DAMAGE, SET_ASIDE } from "../damaged_rows.ts";
import type { JournalDatabase } from "../database.ts";
import { insertLetter } from "../dead-letters/dead_letters.ts";
import { ARM } from "../deadlines/deadline_rows.ts";
import type { Mark } from "../start/high_water.ts";
import { type Losses, lostCommits, lostSignals, namedRows } from "./losses.ts";
import { requestsTo } from "../requests.ts";
import { countsSum, subscriptionSum } from "../row_sums.ts";
import type { Salvage } from "./salvage.ts";
import { DEAD, DONE, READY, WAITING, deliverySum } from "../schema.ts";
import { recount } from "../start/start_damage.ts";
import { type Tally, differences } from "../upkeep/tally.ts";
import { parseAnchor } from "../deadlines/time_away.ts";

/** Inside the transaction of the salvage. */
export function mend(db: JournalDatabase, found: Salvage, mark: Mark | undefined, atMs: number): Losses {
  const notes = found.mended.map(
    (name) => `consumer ${name} does not match its checksum; what it says can be, so it was kept`,
  );
  notes.push(...namedRows(db, found), ...lostCommits(found, mark), ...mendClock(db, found));
  const last = writeNumbers(db, found, mark);
  const signals = lostSignals(db, found, last);
  for (const { seq } of signals) db.prepare(NOTE_DAMAGE).run(seq, 0, "the signal is lost", atMs);
  notes.push(...mendSubscriptions(db, last), ...mendOrphans(db, atMs), ...mendLetters(db, atMs));
  notes.push(...missingStates(db));
  db.prepare(KEYS).run();
  const again = [...deliverAgain(db), ...deliverEarlier(db, found, notes)];
  armWaiting(db);
  return { signals, again, notes: [...notes, ...countAnew(db)] };
}

/** What was counted tells of rows that are lost, or went back to what they were. */
function countAnew(db: JournalDatabase): string[] {
  const all = db.prepare("SELECT * FROM consumer");
  const counted = all.all() as (Tally & { cid: number; name: string; counts_sum: number })[];
  for (const { cid } of counted) recount(db, cid);
  const rows = new Map((all.all() as typeof counted).map((row) => [row.cid, row]));
  return counted
    .filter((row) => row.counts_sum === countsSum(row.cid, row))
    .flatMap((row) =>
      differences(row, rows.get(row.cid) ?? row).map(
        (text) => `consumer ${row.name} ${text}: they were counted anew`,
      ),
    );
}

/** The clock's anchor says it too, and has a checksum. */
function mendClock(db: JournalDatabase, { meta }: Salvage): string[] {
  const anchor = parseAnchor(meta.get("anchor"));
  if (anchor?.own !== undefined) meta.set("clock", anchor.own);
  const notes: string[] = [];
  // It is kept once somebody needs it.
  const needed = db.prepare(`SELECT 1 FROM delivery WHERE state = ${WAITING} LIMIT 1`).get() !== null;
  if (!meta.has("clock") && needed)
    notes.push("the journal's clock is lost: what waits for its retry is due at once");
  if (anchor === undefined && meta.has("clock"))
    notes.push(
      "how long the bus was away is lost: a request that is being answered may time out that much later",
    );
  return notes;
}

/** All that counts up goes on above whatever was seen of it. Returns the highest sequence number. */
function writeNumbers(db: JournalDatabase, { meta }: Salvage, mark: Mark | undefined): number {
  const { seq } = db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM signal").get() as { seq: number };
  const number = (key: string): number => Number(meta.get(key) ?? 0);
  const last = Math.max(seq, number("next_seq") - 1, mark?.seq ?? 0);
  const { due } = db
    .prepare(`SELECT coalesce(max(due), 0) AS due FROM delivery WHERE state = ${WAITING}`)
    .get() as { due: number };
  const all = new Map<string, number | string>(meta)
    .set("next_seq", last + 1)
    .set("epoch", Math.max(number("epoch"), mark?.epoch ?? 0) + 1)
    .set("commit", Math.max(number("commit"), mark?.commit ?? 0) + 1)
    .set("forgotten_seq", number("forgotten_seq"))
    .set("clock", meta.has("clock") ? number("clock") : due);
  for (const [key, value] of all)
    db.prepare("INSERT INTO meta(k, v) VALUES(?,?) ON CONFLICT DO UPDATE SET v = excluded.v").run(key, value);
  return last;
}

interface ConsumerRow {
  readonly cid: number;
  readonly name: string;
  readonly definition: string;
}

/** A consumer asks for what its definition says, from the first delivery on that is left of each name. */
function mendSubscriptions(db: JournalDatabase, last: number): string[] {
  const notes: string[] = [];
  const consumers = db.prepare("SELECT * FROM consumer WHERE removed_at IS NULL").all() as ConsumerRow[];
  db.prepare(
    "DELETE FROM subscription WHERE cid NOT IN (SELECT cid FROM consumer WHERE removed_at IS NULL)",
  ).run();
  for (const { cid, name, definition } of consumers) {
    const { signals } = JSON.parse(definition) as ConsumerSpec;
    const has = db.prepare("SELECT name FROM subscription WHERE cid = ?").all(cid) as { name: string }[];
    for (const { name: signal } of has.filter((one) => !signals.includes(one.name)))
      db.prepare("DELETE FROM subscription WHERE cid = ? AND name = ?").run(cid, signal);
    for (const signal of signals.filter((one) => !has.some((row) => row.name === one))) {
      const { seq } = db
        .prepare("SELECT min(seq) AS seq FROM delivery JOIN signal s USING(seq) WHERE cid = ? AND s.name = ?")
        .get(cid, signal) as { seq: number | null };
      const from_seq = seq ?? last + 1;
      db.prepare("INSERT INTO subscription VALUES(?,?,?,?)").run(
        signal,
        cid,
        from_seq,
        subscriptionSum({ name: signal, cid, from_seq }),
      );
      notes.push(`consumer ${name} asks for ${signal} from signal ${from_seq} on: when it began to is lost`);
    }
  }
  return notes;
}

/** A row that made no sense at all may have been a state. */
function missingStates(db: JournalDatabase): string[] {
  const rows = db
    .prepare(
      `SELECT * FROM consumer c WHERE removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM state s WHERE s.cid = c.cid) ` +
        `AND EXISTS (SELECT 1 FROM delivery d WHERE d.cid = c.cid AND d.state = ${DONE})`,
    )
    .all() as ConsumerRow[];
  return rows
    .filter(({ definition }) => (JSON.parse(definition) as ConsumerSpec).stateKey !== undefined)
    .map(({ name }) => `consumer ${name} keeps a state, and none is left: it begins with none`);
}

/** Besides its deliveries. */
const OF_CONSUMERS = [
  "state WHERE cid",
  "damage WHERE cid > 0 AND cid",
  "meta WHERE k LIKE 'purged:%' AND CAST(substr(k, 8) AS INTEGER)",
];

/** Deliveries of signals that are lost, and of consumers of which nothing is left. */
function mendOrphans(db: JournalDatabase, atMs: number): string[] {
  const orphans = db.prepare("SELECT cid, seq FROM delivery WHERE seq NOT IN (SELECT seq FROM signal)");
  for (const { cid, seq } of orphans.all() as { cid: number; seq: number }[]) {
    const purged = db.prepare("SELECT 1 FROM idmemo WHERE seq = ? LIMIT 1").get(seq) !== null;
    if (purged) db.prepare("DELETE FROM delivery WHERE cid = ? AND seq = ?").run(cid, seq);
    else {
      db.prepare(SET_ASIDE).run("its signal is lost", cid, seq);
      db.prepare(NOTE_DAMAGE).run(seq, cid, "its signal is missing", atMs);
    }
  }
  const gone = db
    .prepare(
      "SELECT cid, count(*) AS n FROM delivery WHERE cid NOT IN (SELECT cid FROM consumer) GROUP BY cid",
    )
    .all() as { cid: number; n: number }[];
  db.prepare("DELETE FROM delivery WHERE cid NOT IN (SELECT cid FROM consumer)").run();
  // Its number is given to the next one that comes.
  for (const its of OF_CONSUMERS) db.prepare(`DELETE FROM ${its} NOT IN (SELECT cid FROM consumer)`).run();
  return gone.map(
    ({ cid, n }) =>
      `consumer number ${cid} is lost with its ${n} deliveries: when it comes again it begins as a new one`,
  );
}

/** A dead delivery has a dead letter. */
function mendLetters(db: JournalDatabase, atMs: number): string[] {
  const rows = db
    .prepare(
      `SELECT d.cid, d.seq, s.id, c.name AS consumer, coalesce(d.error, '') AS error, d.attempt AS attempts, s.at AS first_at ` +
        `FROM delivery d JOIN signal s USING(seq) JOIN consumer c USING(cid) WHERE d.state = ${DEAD} AND NOT EXISTS ` +
        `(SELECT 1 FROM deadletter l WHERE l.id = s.id AND l.cid = d.cid AND l.state = 'dead')`,
    )
    .all() as (Record<"id" | "consumer" | "error", string> &
    Record<"cid" | "seq" | "attempts" | "first_at", number>)[];
  for (const { cid, seq, id, consumer, error, attempts, first_at } of rows)
    insertLetter(db, {
      ...{ cid, seq, id, consumer, reason: "terminal", error, attempts, first_at },
      ...{ dead_at: atMs, state: "dead", content: null, fields: null },
    });
  return rows.map(({ consumer, seq }) => `the dead letter of ${consumer} for signal ${seq} was made anew`);
}

/** Outside a delivery's checksum; its signal has it too. */
const KEYS =
  "UPDATE delivery SET ckey = s.ckey FROM signal s WHERE s.seq = delivery.seq AND s.ckey IS NOT delivery.ckey";

const NEW_SUM = deliverySum({ state: "0", attempt: "0", strikes: "0", suspect: "0", due: "0" });
const MISSING =
  `FROM subscription u JOIN signal s ON s.name = u.name AND s.seq >= u.from_seq JOIN consumer c ON c.cid = u.cid ` +
  `WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.cid = u.cid AND d.seq = s.seq)`;
/** `which`: of subscriptions `u` and signals `s`. */
const givenAgain = (which: string): string =>
  `INSERT INTO delivery(cid, seq, state, lane, attempt, strikes, suspect, due, ckey, sum) ` +
  `SELECT cid, seq, ${READY}, lane, 0, 0, 0, 0, ckey, ${NEW_SUM} FROM (SELECT u.cid, s.seq, s.lane, s.ckey ${which})`;
const AGAIN = givenAgain(MISSING);
const ONE_AGAIN = givenAgain(
  "FROM subscription u JOIN signal s ON s.name = u.name WHERE u.cid = ? AND s.seq = ?",
);

function deliverAgain(db: JournalDatabase): Losses["again"] {
  const again = db.prepare(`SELECT c.name AS consumer, s.seq ${MISSING} ORDER BY u.cid, s.seq`).all();
  db.prepare(AGAIN).run();
  return again as { consumer: string; seq: number }[];
}

/** Of signals from before their consumer began to ask, which no rule finds: by what is left of their own rows. */
function deliverEarlier(db: JournalDatabase, { lostDeliveries }: Salvage, notes: string[]): Losses["again"] {
  const again: { consumer: string; seq: number }[] = [];
  const there = db.prepare("SELECT 1 FROM delivery WHERE cid = ? AND seq = ?");
  const consumer = db.prepare("SELECT name FROM consumer WHERE cid = ?");
  for (const { cid, seq } of lostDeliveries) {
    if (there.get(cid, seq) !== null) continue;
    const name = (consumer.get(cid) as { name: string } | null)?.name;
    if (name === undefined) continue;
    if (db.prepare(ONE_AGAIN).run(cid, seq).changes > 0) again.push({ consumer: name, seq });
    else notes.push(`a delivery to ${name} is lost; its row says, wrongly, that it was of signal ${seq}`);
  }
  return again;
}

/** A request whose deadline is lost, and that its worker may still be given: it has its time from the next grant on. */
function armWaiting(db: JournalDatabase): void {
  const consumers = db.prepare("SELECT cid, name FROM consumer WHERE removed_at IS NULL").all();
  for (const { cid, name } of consumers as { cid: number; name: string }[])
    for (const kind of requestsTo(name)) {
      const rows = db.prepare(UNTIMED).all(cid, kind.name) as { seq: number }[];
      for (const { seq } of rows) db.prepare(ARM).run(seq, seq, kind.name, kind.limitMs);
    }
}

const UNTIMED =
  `SELECT d.seq FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND s.name = ? AND d.state <= ${WAITING} ` +
  `AND NOT EXISTS (SELECT 1 FROM deadline l WHERE l.request_seq = d.seq)`;
