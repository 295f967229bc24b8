/**
 * Takes old signals away, in small steps: at most 500 rows a transaction.
 *
 * Invariants: a signal goes only when all its deliveries are settled and no dead letter and no open deadline needs it;
 * its id is remembered; the counts of its consumers stay, and what went is tallied beside them, so that the audit
 * still adds up.
 *
 * The file is not made smaller: what goes leaves free pages, which are used again. It levels off at what is kept, one round's
 * worth of free pages (about a fifth), and 190 bytes for each id that is remembered: so it grows until ids are forgotten.
 */
import type { Database } from "bun:sqlite";
import { summed } from "../checksum.ts";
import type { JournalDatabase } from "../database.ts";
import type { IdMemo } from "./id_memo.ts";
import { RUNNING, WAITING } from "../schema.ts";
import { type Tally, addDelivery, emptyTally, plus, purgedKey, purgedTally } from "./tally.ts";

export interface RetentionLimits {
  /** Signals that are older go, ms. */
  readonly ageMs: number;
  /** While the journal holds more than this, its oldest go, bytes. */
  readonly bytesMax: number;
  /** Ids are remembered for so long after their signal went, ms. */
  readonly rememberMs: number;
}

type Preparing = Pick<JournalDatabase, "prepare"> | Database;

export const STEP_ROWS = 500;

export interface PurgeStep {
  readonly purged: number;
  /** Where the next step goes on; undefined: this was the last of this round. */
  readonly next: number | undefined;
}

interface Candidate {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly sum: number;
  readonly bytes: number;
  readonly needed: number;
}

/**
 * Not their bodies: 500 of the largest are 128 MiB, and those that are needed are looked at again in each round.
 * `octet_length` reads none of them. A deadline that nobody started needs its request no longer than its deliveries do.
 */
const CANDIDATES =
  `SELECT s.seq, s.id, s.at, s.sum, octet_length(s.body) AS bytes, ` +
  `EXISTS(SELECT 1 FROM consumer c JOIN delivery d ON d.cid = c.cid AND d.seq = s.seq WHERE d.state <= ${WAITING}) ` +
  `OR EXISTS(SELECT 1 FROM deadletter l WHERE l.id = s.id AND l.state IN ('dead', 'reported')) ` +
  `OR EXISTS(SELECT 1 FROM deadline e WHERE e.request_seq = s.seq AND e.closed_by = 0 AND e.state = ${RUNNING}) AS needed ` +
  `FROM signal s WHERE s.seq > ? ORDER BY s.seq LIMIT ${STEP_ROWS}`;

/** What would go now; reads only. `limitsAt`: UTC, ms. */
export function* purgeable(
  db: Preparing,
  limits: RetentionLimits,
  nowMs: number,
): Generator<{ readonly seq: number; readonly id: string }> {
  let excess = bytesOf(db) - limits.bytesMax;
  for (let after = 0; ;) {
    const rows = db.prepare(CANDIDATES).all(after) as Candidate[];
    for (const row of rows) {
      if (excess <= 0 && row.at >= nowMs - limits.ageMs) return;
      if (row.needed === 1) continue;
      excess -= row.bytes;
      yield { seq: row.seq, id: row.id };
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

/** One step, inside a transaction. `after`: sequence number that the last step ended with, 0 to begin. */
export function purge(
  { db, memo, at }: { readonly db: JournalDatabase; readonly memo: IdMemo; readonly at: number },
  limits: RetentionLimits,
  after: number,
): PurgeStep {
  const rows = db.prepare(CANDIDATES).all(after) as Candidate[];
  const excess = bytesOf(db) > limits.bytesMax;
  const old = excess ? rows : rows.slice(0, firstYoung(rows, at - limits.ageMs));
  const gone = old.filter((row) => row.needed === 0);
  // One after the other: each body is garbage before the next is read.
  for (const { seq, id } of gone) memo.remember({ seq, id, body: bodyOf(db, seq) }, at + limits.rememberMs);
  if (gone.length > 0) takeAway(db, gone);
  const whole = rows.length === STEP_ROWS && old.length === rows.length;
  return { purged: gone.length, next: whole ? rows.at(-1)?.seq : undefined };
}

function bodyOf(db: JournalDatabase, seq: number): string {
  return (db.prepare("SELECT body FROM signal WHERE seq = ?").get(seq) as { body: string }).body;
}

function firstYoung(rows: readonly Candidate[], before: number): number {
  const at = rows.findIndex((row) => row.at >= before);
  return at === -1 ? rows.length : at;
}

/** What SQLite could use again does not count. */
function bytesOf(db: Preparing): number {
  const one = (name: string): number => {
    const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
    return row[name] ?? 0;
  };
  return (one("page_count") - one("freelist_count")) * one("page_size");
}

function takeAway(db: JournalDatabase, gone: readonly Candidate[]): void {
  const cids = db.prepare("SELECT cid FROM consumer").all() as { cid: number }[];
  for (const { cid } of cids) {
    const tally = emptyTally();
    for (const { seq, sum } of gone) removeDelivery(db, { cid, seq, sum }, tally);
    if (tally.matched > 0) addPurged(db, cid, tally);
  }
  for (const { seq } of gone) {
    db.prepare("DELETE FROM deadline WHERE request_seq = ?").run(seq);
    db.prepare("DELETE FROM signal WHERE seq = ?").run(seq);
  }
}

function removeDelivery(
  db: JournalDatabase,
  { cid, seq, sum }: { readonly cid: number; readonly seq: number; readonly sum: number },
  tally: Tally,
): void {
  const row = db.prepare("SELECT state FROM delivery WHERE cid = ? AND seq = ?").get(cid, seq);
  if (row === null) return;
  addDelivery(tally, (row as { state: number }).state, sum);
  db.prepare("DELETE FROM delivery WHERE cid = ? AND seq = ?").run(cid, seq);
}

function addPurged(db: JournalDatabase, cid: number, tally: Tally): void {
  const sum = plus(purgedTally(db.handle, cid), tally);
  db.prepare("INSERT INTO meta(k, v) VALUES(?,?) ON CONFLICT DO UPDATE SET v = excluded.v").run(
    purgedKey(cid),
    summed(sum),
  );
}
