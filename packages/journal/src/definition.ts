/**
 * How a consumer is first seen, changes its definition, and is removed: its row, its subscriptions, and the deliveries
 * that begin or end with them.
 *
 * Invariant: a delivery is created once; one that was settled (also by letting its name go) stays settled.
 */
import type { ConsumerSpec } from "./broker_types.ts";
import { type Consumer, createConsumer, resumConsumer, writeCounts } from "./consumers.ts";
import { subscriptionSum } from "./row_sums.ts";
import { dropDeadOf } from "./dead-letters/dead_letter_changes.ts";
import { DROPPED, READY, WAITING, deliverySum } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

/** Registers a consumer: its row, its subscriptions, and the deliveries of what it starts from. */
export function register(tx: Transaction, spec: ConsumerSpec, instance: string): Consumer {
  const cid = (
    tx.db.prepare("SELECT coalesce(max(cid), 0) + 1 AS cid FROM consumer").get() as { cid: number }
  ).cid;
  tx.db
    .prepare("INSERT INTO consumer VALUES(?,?,?,?,0,0,0,0,0,0,0,0,NULL,0,0)")
    .run(cid, spec.name, JSON.stringify(spec), instance);
  resumConsumer(tx.db, cid);
  const consumer = createConsumer(cid, spec, instance);
  writeCounts(tx.db, cid, consumer.counts);
  subscribe(tx, consumer, spec, spec.signals);
  return consumer;
}

/** A known consumer comes with another definition: new names start as a new consumer would, dropped names let go of theirs. */
export function redefine(tx: Transaction, consumer: Consumer, spec: ConsumerSpec): void {
  const before = consumer.spec.signals;
  tx.db.prepare("UPDATE consumer SET definition = ? WHERE cid = ?").run(JSON.stringify(spec), consumer.cid);
  resumConsumer(tx.db, consumer.cid);
  const dropped = before.filter((name) => !spec.signals.includes(name));
  const added = spec.signals.filter((name) => !before.includes(name));
  unsubscribe(tx, consumer, dropped);
  subscribe(tx, consumer, spec, added);
}

/** Ends a consumer for good: what is open or dead is dropped and counted; its row stays under another name, for the audit. */
export function removeConsumer(tx: Transaction, consumer: Consumer): number {
  tx.db
    .prepare("UPDATE consumer SET name = name || '~' || cid, removed_at = ? WHERE cid = ?")
    .run(tx.at, consumer.cid);
  resumConsumer(tx.db, consumer.cid);
  // Dead ones of names that an earlier version let go of are among those without a name.
  return unsubscribe(tx, consumer, consumer.spec.signals) + dropDeadOf(tx, consumer);
}

function subscribe(tx: Transaction, consumer: Consumer, spec: ConsumerSpec, names: readonly string[]): void {
  for (const name of names) {
    const row = { name, cid: consumer.cid, from_seq: tx.nextSeq };
    tx.db
      .prepare("INSERT INTO subscription(name, cid, from_seq, sum) VALUES(?,?,?,?)")
      .run(row.name, row.cid, row.from_seq, subscriptionSum(row));
  }
  if (spec.start.from === "now" || names.length === 0) return;
  const since = spec.start.ageMsMax === undefined ? 0 : tx.at - spec.start.ageMsMax;
  for (const name of names) backfill(tx, consumer, name, since);
  tx.afterCommit(() => consumer.cursor.fill(0));
}

/** Of a `latest` key only the newest. */
const PAST =
  `FROM signal s WHERE s.name = ?2 AND s.at >= ?3 AND s.seq < ?4 AND (s.ckey IS NULL OR s.seq IN ` +
  `(SELECT max(seq) FROM signal WHERE name = ?2 AND seq < ?4 AND ckey IS NOT NULL GROUP BY ckey)) ` +
  `AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.cid = ?1 AND d.seq = s.seq)`;
const NEW_SUM = deliverySum({ state: "0", attempt: "0", strikes: "0", suspect: "0", due: "0" });
const BACKFILL =
  `INSERT INTO delivery(cid, seq, state, lane, attempt, strikes, suspect, due, ckey, sum) ` +
  `SELECT cid, seq, ${READY}, lane, 0, 0, 0, 0, ckey, ${NEW_SUM} FROM (SELECT ?1 AS cid, s.seq, s.lane, s.ckey ${PAST})`;

/** History for a consumer that starts at the earliest signal. */
function backfill(tx: Transaction, consumer: Consumer, name: string, since: number): void {
  const which = [consumer.cid, name, since, tx.nextSeq];
  const counts = tx.countsOf(consumer);
  for (const row of tx.db.prepare(`SELECT s.sum ${PAST}`).iterate(...which) as Iterable<{ sum: number }>) {
    counts.matched += 1;
    counts.matchedX ^= row.sum;
  }
  tx.db.prepare(BACKFILL).run(...which);
  tx.deadlines.rearm(tx, consumer, 1, tx.nextSeq - 1);
}

const OPEN = `d.cid = ?1 AND d.state <= ${WAITING} AND s.name = ?2`;
const DROP =
  `UPDATE delivery SET state = ${DROPPED}, suspect = 0, due = 0, settled_at = ?3, plan = NULL, error = NULL, ` +
  `sum = ${deliverySum({ state: String(DROPPED), suspect: "0", due: "0" })} ` +
  `WHERE cid = ?1 AND seq IN (SELECT d.seq FROM delivery d JOIN signal s USING(seq) WHERE ${OPEN})`;

/** Lets go of names: what is open or dead becomes dropped, leased or not. Returns how many. */
function unsubscribe(tx: Transaction, consumer: Consumer, names: readonly string[]): number {
  let dropped = 0;
  for (const name of names) {
    tx.db.prepare("DELETE FROM subscription WHERE name = ? AND cid = ?").run(name, consumer.cid);
    const open = tx.db
      .prepare(`SELECT d.seq, s.sum FROM delivery d JOIN signal s USING(seq) WHERE ${OPEN}`)
      .iterate(consumer.cid, name) as Iterable<{ seq: number; sum: number }>;
    for (const { seq, sum } of open) {
      tx.takeLease(consumer, seq);
      tx.settled(consumer, DROPPED, sum);
      dropped += 1;
    }
    tx.db.prepare(DROP).run(consumer.cid, name, tx.at);
    tx.deadlines.withdraw(tx, consumer, name);
    dropped += dropDeadOf(tx, consumer, name);
  }
  return dropped;
}
