/**
 * The consumers in memory: a mirror of table `consumer`, and what lives only while the bus runs (leases, cursors,
 * credit).
 *
 * Invariant: the mirror changes only after the commit that wrote the row (`Transaction.afterCommit`).
 */
import type { ConsumerSpec, SessionPort } from "./broker_types.ts";
import { type JournalDatabase, JournalError, REPAIR } from "./database.ts";
import { consumerSum, countsSum } from "./row_sums.ts";

/** Running counts; `x` are XORs of signal checksums, so that equal counts over different signals are told apart. */
export interface Counts {
  matched: number;
  matchedX: number;
  done: number;
  superseded: number;
  dead: number;
  dropped: number;
  damaged: number;
  settledX: number;
}

export interface Lease {
  readonly token: string;
  readonly lane: number;
  readonly attempt: number;
  /** Checksum of the signal's row, for `settledX`. */
  readonly sum: number;
  readonly strikes: number;
  /** Redelivered alone because it was in flight when its client vanished. */
  readonly suspect: boolean;
  readonly ckey: string | null;
  /** Facts' value that selects the state; "" without. */
  readonly stateKey: string;
  /** On the broker's clock, ms. */
  expiresAt: number;
}

/** What the broker knows of a session that a consumer is attached to. */
export interface Holder {
  readonly instance: string;
  readonly pid: number;
  readonly service: string;
  readonly port: SessionPort;
  /** Heard of lately? A silent holder may be displaced. */
  live(): boolean;
}

export interface Consumer {
  readonly cid: number;
  readonly name: string;
  spec: ConsumerSpec;
  /** Instance that last attached; fences a late one across restarts of the bus. */
  holderInstance: string;
  counts: Counts;
  /** The live session, if any. */
  holder: Holder | undefined;
  /** Since another instance took it over; undefined: the same one holds it since this bus runs. */
  tenure: { firstToken: string | undefined } | undefined;
  readonly leases: Map<number, Lease>;
  /** Per lane: a READY row before this has a lease. What loses its lease becomes WAITING, so nobody looks back. */
  readonly cursor: [number, number];
  /** Per lane, since attach: deliveries granted, and how many the client is ready to have taken. */
  readonly granted: [number, number];
  readonly credit: [number, number];
  /** Open rows marked suspect: while there are any, one delivery at a time. */
  suspects: number;
  /** When the first waiting row is due on the broker's clock; Infinity: none waits. */
  nextDue: number;
  /** Grants since the urgent lane last yielded, for a consumer that takes turns. */
  urgentRun: number;
}

function emptyCounts(): Counts {
  return { matched: 0, matchedX: 0, done: 0, superseded: 0, dead: 0, dropped: 0, damaged: 0, settledX: 0 };
}

/** Open = not settled: ready, waiting or leased. */
export function openCount(c: Counts): number {
  return c.matched - c.done - c.superseded - c.dead - c.dropped - c.damaged;
}

interface ConsumerRow {
  cid: number;
  name: string;
  definition: string;
  holder: string;
  matched: number;
  matched_x: number;
  done: number;
  superseded: number;
  dead: number;
  dropped: number;
  damaged: number;
  settled_x: number;
  removed_at: number | null;
  sum: number;
  counts_sum: number;
}

export function createConsumer(cid: number, spec: ConsumerSpec, holderInstance: string): Consumer {
  return {
    cid,
    name: spec.name,
    spec,
    holderInstance,
    counts: emptyCounts(),
    holder: undefined,
    tenure: undefined,
    leases: new Map(),
    cursor: [0, 0],
    granted: [0, 0],
    credit: [0, 0],
    suspects: 0,
    nextDue: 0,
    urgentRun: 0,
  };
}

/**
 * Reads the table at start. Leases are gone with the bus that gave them; their rows are READY. `removed`: those that were
 * removed instead, to put their counts right.
 */
export function loadConsumers(db: JournalDatabase, options: { readonly removed?: boolean } = {}): Consumer[] {
  return (
    db
      .prepare("SELECT * FROM consumer WHERE (removed_at IS NOT NULL) = ? ORDER BY cid")
      .all(options.removed === true ? 1 : 0) as ConsumerRow[]
  ).map((row) => {
    if (consumerSum(row) !== row.sum || countsSum(row.cid, row) !== row.counts_sum)
      throw damagedRow(db, row.name, "its row does not match its checksum");
    const consumer = createConsumer(row.cid, definitionOf(db, row), row.holder);
    consumer.counts = {
      matched: row.matched,
      matchedX: row.matched_x,
      done: row.done,
      superseded: row.superseded,
      dead: row.dead,
      dropped: row.dropped,
      damaged: row.damaged,
      settledX: row.settled_x,
    };
    consumer.suspects = countSuspects(db, row.cid);
    return consumer;
  });
}

function definitionOf(db: JournalDatabase, row: ConsumerRow): ConsumerSpec {
  try {
    return JSON.parse(row.definition) as ConsumerSpec;
  } catch (cause) {
    throw damagedRow(db, row.name, "its definition cannot be read", { cause });
  }
}

function damagedRow(db: JournalDatabase, name: string, what: string, options?: ErrorOptions): JournalError {
  const text = `consumer ${name} in ${db.path} is damaged: ${what}. ${REPAIR}`;
  return new JournalError("corrupt", text, options);
}

/** A row that this program has just changed gets its checksum anew. Inside a transaction. */
export function resumConsumer(db: JournalDatabase, cid: number): void {
  const row = db.prepare("SELECT * FROM consumer WHERE cid = ?").get(cid) as ConsumerRow;
  db.prepare("UPDATE consumer SET sum = ? WHERE cid = ?").run(consumerSum(row), cid);
}

export function countSuspects(db: JournalDatabase, cid: number): number {
  const row = db.prepare("SELECT count(*) AS n FROM delivery WHERE cid = ? AND suspect > 0").get(cid);
  return (row as { n: number }).n;
}

export function writeCounts(db: JournalDatabase, cid: number, c: Counts): void {
  db.prepare(
    "UPDATE consumer SET matched=?, matched_x=?, done=?, superseded=?, dead=?, dropped=?, damaged=?, settled_x=?, counts_sum=? WHERE cid=?",
  ).run(
    c.matched,
    c.matchedX,
    c.done,
    c.superseded,
    c.dead,
    c.dropped,
    c.damaged,
    c.settledX,
    countsSum(cid, { ...c, matched_x: c.matchedX, settled_x: c.settledX }),
    cid,
  );
}

/** Which consumers a signal's name reaches. */
export class Subscriptions {
  readonly #byName = new Map<string, Consumer[]>();

  constructor(consumers: Iterable<Consumer>) {
    for (const consumer of consumers) this.add(consumer);
  }

  of(name: string): readonly Consumer[] {
    return this.#byName.get(name) ?? [];
  }

  add(consumer: Consumer): void {
    for (const name of consumer.spec.signals) {
      const list = this.#byName.get(name) ?? [];
      if (!list.includes(consumer)) this.#byName.set(name, [...list, consumer]);
    }
  }

  remove(consumer: Consumer): void {
    for (const [name, list] of this.#byName) {
      this.#byName.set(
        name,
        list.filter((c) => c !== consumer),
      );
    }
  }
}
