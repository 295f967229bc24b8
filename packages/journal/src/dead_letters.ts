/** What was given up, rejected or reported: numbered, kept with its reason, retried once on request. */
import type { DeadLetter, DeadReason } from "./broker_types.ts";
import type { Consumer } from "./consumers.ts";
import type { JournalDatabase } from "./database.ts";
import type { PreparedSignal } from "./prepare.ts";
import { type LetterColumns, letterSum } from "./row_sums.ts";
import { DEAD, WAITING, deliverySum } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

/** The one place where a dead letter is written. */
function insertLetter(tx: Transaction, letter: LetterColumns): void {
  tx.db
    .prepare(
      "INSERT INTO deadletter(cid, seq, id, consumer, reason, error, attempts, first_at, dead_at, state, content, fields, sum) " +
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
    )
    .run(
      letter.cid,
      letter.seq,
      letter.id,
      letter.consumer,
      letter.reason,
      letter.error,
      letter.attempts,
      letter.first_at,
      letter.dead_at,
      letter.state,
      letter.content,
      letter.fields,
      letterSum(letter),
    );
}

export function recordDeadLetter(
  tx: Transaction,
  letter: { consumer: Consumer; seq: number; reason: DeadReason; error: string; attempts: number },
): void {
  const { consumer, seq, reason, error, attempts } = letter;
  const signal = tx.db.prepare("SELECT id, at FROM signal WHERE seq = ?").get(seq) as {
    id: string;
    at: number;
  } | null;
  if (signal === null) return;
  insertLetter(tx, {
    ...{ cid: consumer.cid, seq, id: signal.id, consumer: consumer.name, reason, error, attempts },
    ...{ first_at: signal.at, dead_at: tx.at, state: "dead", content: null, fields: null },
  });
}

/** Error signals stand beside the dead letters: an operator looks in one place. */
export function recordReported(tx: Transaction, s: PreparedSignal, seq: number): void {
  insertLetter(tx, {
    ...{ cid: null, seq, id: s.id, consumer: s.source, reason: "reported", error: `${s.name} was reported` },
    ...{ attempts: 0, first_at: tx.at, dead_at: tx.at, state: "reported", content: null, fields: null },
  });
}

/** Content that could not become a signal; once per id. */
export function recordRejected(
  tx: Transaction,
  letter: {
    id: string;
    service: string;
    error: string;
    content: string;
    fields: Readonly<Record<string, string>>;
  },
): boolean {
  if (tx.db.prepare("SELECT 1 FROM deadletter WHERE id = ? AND seq = 0").get(letter.id) !== null)
    return false;
  const { id, service, error, content } = letter;
  insertLetter(tx, {
    ...{ cid: null, seq: 0, id, consumer: service, reason: "invalid", error, attempts: 1, first_at: tx.at },
    ...{ dead_at: tx.at, state: "dead", content, fields: JSON.stringify(letter.fields) },
  });
  return true;
}

/** Moves a dead letter on; its checksum goes with it. */
export function setLetterState(tx: Transaction, n: number, state: string): void {
  const row = tx.db.prepare("SELECT * FROM deadletter WHERE n = ?").get(n) as LetterColumns;
  tx.db
    .prepare("UPDATE deadletter SET state = ?, sum = ? WHERE n = ?")
    .run(state, letterSum({ ...row, state }), n);
}

const REOPEN =
  `UPDATE delivery SET state = ${WAITING}, attempt = 0, strikes = 0, suspect = 0, due = ?1, settled_at = NULL, error = NULL, ` +
  `sum = ${deliverySum({ state: String(WAITING), attempt: "0", strikes: "0", suspect: "0", due: "?1" })} WHERE cid = ?2 AND seq = ?3 AND state = ${DEAD}`;

interface LetterState {
  state: string;
  cid: number | null;
  consumer: string;
  seq: number;
  name: string | null;
  sum: number | null;
}

/** Puts a dead letter back exactly once: compare-and-set on its state. */
export function retryDeadLetter(
  tx: Transaction,
  n: number,
  consumers: ReadonlyMap<string, Consumer>,
  now: number,
): { retried: boolean; text: string } {
  const row = tx.db
    .prepare(
      "SELECT d.state, d.cid, d.consumer, d.seq, s.name, s.sum FROM deadletter d LEFT JOIN signal s USING(seq) WHERE n = ?",
    )
    .get(n) as LetterState | null;
  if (row === null) return { retried: false, text: `there is no dead letter ${n}` };
  if (row.state === "retried") return { retried: false, text: `dead letter ${n} was retried already` };
  if (row.state === "reported") return { retried: false, text: `${n} is a report: nothing waits behind it` };
  if (row.seq === 0)
    return {
      retried: false,
      text: `${n} never became a signal; mend the file in intents/rejected and it is read again`,
    };
  const consumer = consumers.get(row.consumer);
  if (consumer === undefined || consumer.cid !== row.cid || row.sum === null)
    return { retried: false, text: `consumer ${row.consumer} was removed` };
  if (!consumer.spec.signals.includes(row.name ?? ""))
    return { retried: false, text: `${row.consumer} does not consume ${row.name} any more` };
  const { changes } = tx.db.prepare(REOPEN).run(now, consumer.cid, row.seq);
  tx.usesClock = true;
  if (changes !== 1) return { retried: false, text: `the delivery of dead letter ${n} is not dead any more` };
  setLetterState(tx, n, "retried");
  tx.reopened(consumer, DEAD, row.sum);
  tx.afterCommit(() => (consumer.nextDue = Math.min(consumer.nextDue, now)));
  return { retried: true, text: `signal ${row.seq} goes to ${consumer.name} again` };
}

interface LetterRow {
  n: number;
  id: string;
  seq: number;
  consumer: string;
  reason: DeadReason;
  error: string;
  attempts: number;
  first_at: number;
  dead_at: number;
  state: DeadLetter["state"];
  content: string | null;
  fields: string | null;
  body: string | null;
}

/** Oldest first, from `after` (exclusive) on. */
export function listDeadLetters(
  db: JournalDatabase,
  query: { consumer?: string; limit?: number; after?: number; includeRetried?: boolean },
): DeadLetter[] {
  const rows = db
    .prepare(
      "SELECT d.*, s.body FROM deadletter d LEFT JOIN signal s ON s.seq = d.seq AND d.seq > 0 " +
        "WHERE n > ?1 AND (?2 IS NULL OR consumer = ?2) AND (?3 OR state != 'retried') ORDER BY n LIMIT ?4",
    )
    .all(
      query.after ?? 0,
      query.consumer ?? null,
      query.includeRetried === true ? 1 : 0,
      Math.min(query.limit ?? 100, 1000),
    ) as LetterRow[];
  return rows.map((row) => ({
    n: row.n,
    id: row.id,
    seq: row.seq,
    consumer: row.consumer,
    reason: row.reason,
    error: row.error,
    attempts: row.attempts,
    firstAt: row.first_at,
    deadAt: row.dead_at,
    state: row.state,
    signal: row.body === null ? (row.content ?? "") : signalOf(row.body),
    fields: row.fields === null ? {} : (JSON.parse(row.fields) as Record<string, string>),
  }));
}

/** A damaged signal is shown as what is left of it. */
function signalOf(body: string): DeadLetter["signal"] {
  try {
    return JSON.parse(body) as Exclude<DeadLetter["signal"], string>;
  } catch {
    return body;
  }
}
