/**
 * One transaction of the writer: what was appended, what changed in the counts, and what memory learns once the
 * commit returned.
 *
 * Invariants: sequence numbers strictly increase and are taken only by rows that commit; memory changes only in
 * `committed()`; a transaction that throws leaves memory as before.
 */
import {
  type Consumer,
  type Counts,
  type Lease,
  type Subscriptions,
  countSuspects,
  writeCounts,
} from "./consumers.ts";
import { signalSum } from "./checksum.ts";
import type { JournalDatabase } from "./database.ts";
import type { Deadlines } from "./deadlines/deadlines.ts";
import type { IdMemo } from "./upkeep/id_memo.ts";
import type { PreparedSignal } from "./prepare.ts";
import { DONE, SUPERSEDED, DEAD, DAMAGED, DROPPED, READY, WAITING, deliverySum } from "./schema.ts";

export type Settled = typeof DONE | typeof SUPERSEDED | typeof DEAD | typeof DROPPED | typeof DAMAGED;

const SETTLED_COUNT = {
  [DONE]: "done",
  [SUPERSEDED]: "superseded",
  [DEAD]: "dead",
  [DROPPED]: "dropped",
  [DAMAGED]: "damaged",
} as const satisfies Record<Settled, keyof Counts>;

const INSERT_SIGNAL =
  "INSERT INTO signal(seq, id, name, source, lane, at, trace, ckey, sum, body) VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING";

const NEW_SUM = deliverySum({ state: "0", attempt: "0", strikes: "0", suspect: "0", due: "0" });
const FAN_OUT = `INSERT INTO delivery(cid, seq, state, lane, attempt, strikes, suspect, due, ckey, sum)
  SELECT cid, seq, ${READY}, lane, 0, 0, 0, 0, ckey, ${NEW_SUM} FROM (
    SELECT u.cid AS cid, s.seq AS seq, s.lane AS lane, s.ckey AS ckey
    FROM signal s JOIN subscription u ON u.name = s.name WHERE s.seq BETWEEN ? AND ?)`;

export class Transaction {
  readonly db: JournalDatabase;
  /** Wall clock of this transaction, UTC ms: one time for all that it stores. */
  readonly at: number;
  /** Ids of signals that are stored no more. */
  readonly memo: IdMemo;
  readonly deadlines: Deadlines;
  readonly #subscriptions: Subscriptions;
  readonly #first: number;
  #next: number;
  readonly #counts = new Map<Consumer, Counts>();
  readonly #before: (() => void)[] = [];
  readonly #after: (() => void)[] = [];
  readonly #keyed: PreparedSignal[] = [];
  readonly #ended = new Set<Lease>();
  readonly #suspects = new Set<Consumer>();
  #matched = false;

  constructor(
    { db, memo, deadlines }: Pick<Transaction, "db" | "memo" | "deadlines">,
    subscriptions: Subscriptions,
    nextSeq: number,
    at: number,
  ) {
    this.db = db;
    this.memo = memo;
    this.deadlines = deadlines;
    this.at = at;
    this.#subscriptions = subscriptions;
    this.#first = nextSeq;
    this.#next = nextSeq;
  }

  /** Something in here is due on the broker's clock: the clock must be stored with it. */
  usesClock = false;

  get nextSeq(): number {
    return this.#next;
  }

  /** Runs after the commit, in order. */
  afterCommit(change: () => void): void {
    this.#after.push(change);
  }

  /** Runs inside the transaction once the deliveries of what was appended are there. */
  beforeCommit(work: () => void): void {
    this.#before.push(work);
  }

  /** The lease as this transaction sees it: memory still has those that ended a moment ago in here. */
  leaseOf(consumer: Consumer, seq: number): Lease | undefined {
    const lease = consumer.leases.get(seq);
    return lease === undefined || this.#ended.has(lease) ? undefined : lease;
  }

  /** The lease if `token` is current (or not asked), once in this transaction; it ends when the transaction commits. */
  takeLease(consumer: Consumer, seq: number, token?: string): Lease | undefined {
    const lease = this.leaseOf(consumer, seq);
    if (lease === undefined || (token !== undefined && lease.token !== token)) return undefined;
    this.#ended.add(lease);
    if (lease.suspect) this.suspectsChanged(consumer);
    this.afterCommit(() => consumer.leases.delete(seq));
    return lease;
  }

  /** Its suspects are counted anew after the commit. */
  suspectsChanged(consumer: Consumer): void {
    this.#suspects.add(consumer);
  }

  /** Stores a signal once by id; undefined when the id is known already. */
  append(s: PreparedSignal): number | undefined {
    if (this.memo.find(s.id) !== undefined) return undefined;
    const seq = this.#next;
    const columns = { ...s, at: this.at };
    const sum = signalSum(seq, columns);
    const { changes } = this.db
      .prepare(INSERT_SIGNAL)
      .run(seq, s.id, s.name, s.source, s.lane, this.at, s.trace, s.ckey, sum, s.body);
    if (changes === 0) return undefined;
    this.#next = seq + 1;
    for (const consumer of this.#subscriptions.of(s.name)) {
      const counts = this.countsOf(consumer);
      counts.matched += 1;
      counts.matchedX ^= sum;
      this.#matched = true;
    }
    if (s.ckey !== null) this.#keyed.push(s);
    return seq;
  }

  /** Notes that one delivery reached a settled state; `sum` is its signal's checksum. */
  settled(consumer: Consumer, state: Settled, sum: number): void {
    const counts = this.countsOf(consumer);
    counts[SETTLED_COUNT[state]] += 1;
    counts.settledX ^= sum;
    if (consumer.suspects > 0) this.suspectsChanged(consumer);
  }

  /** Takes a settlement back (a dead letter that is tried again). */
  reopened(consumer: Consumer, state: Settled, sum: number): void {
    const counts = this.countsOf(consumer);
    counts[SETTLED_COUNT[state]] -= 1;
    counts.settledX ^= sum;
  }

  /** This transaction's copy of a consumer's counts. */
  countsOf(consumer: Consumer): Counts {
    let counts = this.#counts.get(consumer);
    if (counts === undefined) {
      counts = { ...consumer.counts };
      this.#counts.set(consumer, counts);
    }
    return counts;
  }

  /** The last step inside the transaction: deliveries of what was appended, supersession, counts. */
  finish(): void {
    if (this.#matched) this.db.prepare(FAN_OUT).run(this.#first, this.#next - 1);
    for (const s of this.#keyed) this.#supersede(s);
    for (const work of this.#before) work();
    this.deadlines.writeStarts(this);
    for (const [consumer, counts] of this.#counts) writeCounts(this.db, consumer.cid, counts);
  }

  committed(): void {
    for (const [consumer, counts] of this.#counts) consumer.counts = counts;
    for (const change of this.#after) change();
    for (const consumer of this.#suspects) consumer.suspects = countSuspects(this.db, consumer.cid);
  }

  /** `latest`: older open deliveries of the key give way, except those being worked on or with an effect begun. */
  #supersede(s: PreparedSignal): void {
    for (const consumer of this.#subscriptions.of(s.name)) {
      const older = this.db
        .prepare(
          `SELECT d.seq, s.sum FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND d.ckey = ? AND d.state <= ${WAITING} ` +
            `AND d.plan IS NULL AND d.seq < (SELECT max(seq) FROM delivery WHERE cid = ? AND ckey = ?)`,
        )
        .all(consumer.cid, s.ckey, consumer.cid, s.ckey) as { seq: number; sum: number }[];
      for (const row of older) {
        if (this.leaseOf(consumer, row.seq) !== undefined) continue;
        settleRow(this, consumer, { seq: row.seq, state: SUPERSEDED, sum: row.sum });
      }
    }
  }
}

const SETTLE_ROW =
  `UPDATE delivery SET state = ?1, suspect = 0, due = 0, attempt = coalesce(?2, attempt), settled_at = ?3, ` +
  `plan = CASE WHEN ?1 = ${DEAD} THEN plan END, error = ?4, ` +
  `sum = ${deliverySum({ state: "?1", suspect: "0", due: "0", attempt: "coalesce(?2, attempt)" })} WHERE cid = ?5 AND seq = ?6`;

/** Settles one delivery row in any state but DONE (which goes by range, see settle.ts). */
export function settleRow(
  tx: Transaction,
  consumer: Consumer,
  row: {
    readonly seq: number;
    readonly state: Settled;
    readonly sum: number;
    readonly error?: string;
    readonly attempt?: number;
  },
): void {
  tx.db
    .prepare(SETTLE_ROW)
    .run(row.state, row.attempt ?? null, tx.at, row.error ?? null, consumer.cid, row.seq);
  tx.settled(consumer, row.state, row.sum);
}
