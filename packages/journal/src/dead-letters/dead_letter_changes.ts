/**
 * What an operator (and the clean-up) does about dead letters: retry, drop, purge.
 *
 * Invariants: each letter is dealt with once (compare-and-set on its state); a delivery is DEAD exactly while its letter is
 * `dead`; the newest letter keeps its row, so that no number is given twice.
 */
import type { AdminOps, DeadLetterState } from "../broker_types.ts";
import { type Consumer, loadConsumers } from "../consumers.ts";
import { setLetterState } from "./dead_letters.ts";
import type { Host } from "../host.ts";
import { DEAD, DROPPED, WAITING, deliverySum } from "../schema.ts";
import { type Transaction, settleRow } from "../transaction.ts";

type Consumers = Pick<Host, "consumers" | "now">;

export interface LetterState {
  readonly n: number;
  readonly state: DeadLetterState;
  readonly cid: number | null;
  readonly consumer: string;
  readonly seq: number;
  readonly name: string | null;
  /** Checksum of the signal; null: there is none, or not any more. */
  readonly sum: number | null;
}

const LETTER_STATE =
  "SELECT d.n, d.state, d.cid, d.consumer, d.seq, s.name, s.sum FROM deadletter d LEFT JOIN signal s ON s.seq = d.seq AND d.seq > 0";

function stateOf(tx: Transaction, n: number): LetterState | null {
  return tx.db.prepare(`${LETTER_STATE} WHERE d.n = ?`).get(n) as LetterState | null;
}

const DEALT_WITH: Readonly<Record<Exclude<DeadLetterState, "dead">, string>> = {
  retried: "was retried already",
  edited: "was edited and retried already",
  dropped: "was dropped",
  reported: "is a report: nothing waits behind it",
};

/** A letter whose signal its consumer can still be given, or why not. */
export function waitingLetter(
  tx: Transaction,
  n: number,
  consumers: ReadonlyMap<string, Consumer>,
): { readonly row: LetterState; readonly consumer: Consumer; readonly sum: number } | string {
  const row = stateOf(tx, n);
  if (row === null) return `there is no dead letter ${n}`;
  if (row.state !== "dead") return `dead letter ${n} ${DEALT_WITH[row.state]}`;
  if (row.seq === 0)
    return `${n} never became a signal; kloros dlq resubmit ${n} gives its file to the router again`;
  const consumer = consumers.get(row.consumer);
  if (consumer === undefined || consumer.cid !== row.cid || row.sum === null)
    return `consumer ${row.consumer} was removed`;
  if (!consumer.spec.signals.includes(row.name ?? ""))
    return `${row.consumer} does not consume ${row.name} any more`;
  return { row, consumer, sum: row.sum };
}

const REOPEN =
  `UPDATE delivery SET state = ${WAITING}, attempt = 0, strikes = 0, suspect = 0, due = ?1, settled_at = NULL, error = NULL, ` +
  `sum = ${deliverySum({ state: String(WAITING), attempt: "0", strikes: "0", suspect: "0", due: "?1" })} WHERE cid = ?2 AND seq = ?3 AND state = ${DEAD}`;

/** Puts a dead letter back exactly once. */
export function retryDeadLetter(
  tx: Transaction,
  n: number,
  { consumers, now }: Consumers,
): AdminOps["retryDeadLetter"]["result"] {
  const found = waitingLetter(tx, n, consumers);
  if (typeof found === "string") return { retried: false, text: found };
  const { row, consumer, sum } = found;
  const due = Math.ceil(now);
  const { changes } = tx.db.prepare(REOPEN).run(due, consumer.cid, row.seq);
  if (changes !== 1) return { retried: false, text: `the delivery of dead letter ${n} is not dead any more` };
  tx.usesClock = true;
  setLetterState(tx, n, "retried");
  tx.reopened(consumer, DEAD, sum);
  tx.deadlines.rearm(tx, consumer, row.seq, row.seq);
  tx.afterCommit(() => (consumer.nextDue = Math.min(consumer.nextDue, due)));
  return { retried: true, text: `signal ${row.seq} goes to ${consumer.name} again` };
}

/** Its file is in the intents again, under an id of its own. */
export function noteResubmitted(tx: Transaction, n: number): AdminOps["noteResubmitted"]["result"] {
  const row = stateOf(tx, n);
  if (row === null) return { retried: false, text: `there is no dead letter ${n}` };
  if (row.seq > 0) return { retried: false, text: `dead letter ${n} is a signal; kloros dlq retry ${n}` };
  if (row.state !== "dead") return { retried: false, text: `dead letter ${n} ${DEALT_WITH[row.state]}` };
  setLetterState(tx, n, "retried");
  return { retried: true, text: `the file of dead letter ${n} is read again` };
}

/** Gives up for good what is dead; a report is only put away. */
export function dropDeadLetter(
  tx: Transaction,
  n: number,
  { consumers }: Consumers,
): AdminOps["dropDeadLetter"]["result"] {
  const row = stateOf(tx, n);
  if (row === null) return { dropped: false, text: `there is no dead letter ${n}` };
  if (row.state !== "dead" && row.state !== "reported")
    return { dropped: false, text: `dead letter ${n} ${DEALT_WITH[row.state]}` };
  drop(tx, [row], consumers);
  return { dropped: true, text: `dead letter ${n} was dropped` };
}

const PURGE_MAX = 500;

/** Forgets the oldest of them; see `AdminOps`. */
export function purgeDeadLetters(
  tx: Transaction,
  request: AdminOps["purgeDeadLetters"]["request"],
  { consumers }: Consumers,
): AdminOps["purgeDeadLetters"]["result"] {
  const old = "d.dead_at < ? AND d.n < (SELECT max(n) FROM deadletter)";
  if (request.dryRun === true) {
    return tx.db
      .prepare(
        `SELECT count(*) AS purged, coalesce(sum(d.state = 'dead'), 0) AS dropped FROM deadletter d WHERE ${old}`,
      )
      .get(request.before) as AdminOps["purgeDeadLetters"]["result"];
  }
  const limit = Math.min(request.limit ?? PURGE_MAX, PURGE_MAX);
  const rows = tx.db
    .prepare(`${LETTER_STATE} WHERE ${old} ORDER BY d.n LIMIT ?`)
    .all(request.before, limit) as LetterState[];
  const dead = rows.filter((row) => row.state === "dead");
  drop(tx, dead, consumers);
  for (const { n } of rows) tx.db.prepare("DELETE FROM deadletter WHERE n = ?").run(n);
  return { purged: rows.length, dropped: dead.length };
}

/**
 * In a transaction of its own: consumers that were removed before the clean-up knew of their dead letters are read for it,
 * and nothing else may change their counts meanwhile.
 */
function drop(tx: Transaction, rows: readonly LetterState[], live: ReadonlyMap<string, Consumer>): void {
  const known = new Map([...live.values()].map((consumer) => [consumer.cid, consumer]));
  for (const row of rows) {
    setLetterState(tx, row.n, "dropped");
    if (row.state !== "dead" || row.cid === null || row.sum === null) continue;
    const { cid, seq, sum } = row;
    const delivery = tx.db
      .prepare(`SELECT error FROM delivery WHERE cid = ? AND seq = ? AND state = ${DEAD}`)
      .get(cid, seq) as { error: string | null } | null;
    if (delivery === null) continue;
    if (!known.has(cid)) for (const one of loadConsumers(tx.db, { removed: true })) known.set(one.cid, one);
    const consumer = known.get(cid);
    if (consumer !== undefined) dropDelivery(tx, consumer, { seq, sum, error: delivery.error });
  }
}

/** DEAD → DROPPED, with its error kept. */
function dropDelivery(
  tx: Transaction,
  consumer: Consumer,
  { seq, sum, error }: { readonly seq: number; readonly sum: number; readonly error: string | null },
): void {
  tx.reopened(consumer, DEAD, sum);
  settleRow(tx, consumer, { seq, state: DROPPED, sum, ...(error === null ? {} : { error }) });
}

const DEAD_OF =
  "SELECT d.seq, s.id, s.sum, d.error FROM delivery d JOIN signal s USING(seq) " +
  `WHERE d.cid = ? AND d.state = ${DEAD} AND (? IS NULL OR s.name = ?)`;

/** What a consumer that goes away, or lets go of a name, had given up: nobody will retry it. Returns how many. */
export function dropDeadOf(tx: Transaction, consumer: Consumer, name?: string): number {
  const only = name ?? null;
  const rows = tx.db.prepare(DEAD_OF).all(consumer.cid, only, only) as {
    seq: number;
    id: string;
    sum: number;
    error: string | null;
  }[];
  // By id, of which there is an index: a consumer may have given up very many.
  const letter = tx.db.prepare("SELECT n FROM deadletter WHERE id = ? AND cid = ? AND state = 'dead'");
  for (const row of rows) {
    dropDelivery(tx, consumer, row);
    for (const { n } of letter.all(row.id, consumer.cid) as { n: number }[]) setLetterState(tx, n, "dropped");
  }
  return rows.length;
}
