/**
 * What was given up, rejected or reported: numbered, kept with its reason. What an operator does about it is in
 * dead_letter_changes.ts.
 */
import type { AdminOps, DeadLetter, DeadLetterState, DeadReason } from "../broker_types.ts";
import type { Consumer } from "../consumers.ts";
import type { JournalDatabase } from "../database.ts";
import type { PreparedSignal } from "../prepare.ts";
import { type LetterColumns, letterSum } from "../row_sums.ts";
import type { Transaction } from "../transaction.ts";

/** The one place where a dead letter is written. It gets the next number: its checksum covers it. */
export function insertLetter(db: JournalDatabase, columns: Omit<LetterColumns, "n">): void {
  const { n } = db.prepare("SELECT coalesce(max(n), 0) + 1 AS n FROM deadletter").get() as { n: number };
  const letter = { n, ...columns };
  db.prepare("INSERT INTO deadletter VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)").run(
    n,
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
  insertLetter(tx.db, {
    ...{ cid: consumer.cid, seq, id: signal.id, consumer: consumer.name, reason, error, attempts },
    ...{ first_at: signal.at, dead_at: tx.at, state: "dead", content: null, fields: null },
  });
}

/** Error signals stand beside the dead letters: an operator looks in one place. */
export function recordReported(tx: Transaction, s: PreparedSignal, seq: number): void {
  insertLetter(tx.db, {
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
  insertLetter(tx.db, {
    ...{ cid: null, seq: 0, id, consumer: service, reason: "invalid", error, attempts: 1, first_at: tx.at },
    ...{ dead_at: tx.at, state: "dead", content, fields: JSON.stringify(letter.fields) },
  });
  return true;
}

/** Moves a dead letter on; its checksum goes with it. */
export function setLetterState(
  tx: Transaction,
  n: number,
  state: DeadLetterState,
  fields?: Readonly<Record<string, string>>,
): void {
  const row = tx.db.prepare("SELECT * FROM deadletter WHERE n = ?").get(n) as LetterColumns;
  const changed = { ...row, state, fields: fields === undefined ? row.fields : JSON.stringify(fields) };
  tx.db
    .prepare("UPDATE deadletter SET state = ?, fields = ?, sum = ? WHERE n = ?")
    .run(state, changed.fields, letterSum(changed), n);
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
  name: string | null;
  body: string | null;
}

/** Of letters in a page. */
const PAGE_MAX = 1000;
/** Of signals, contents, errors and fields in a page, characters; the first letter always comes. A signal may have 256 KiB. */
const PAGE_TEXT_MAX = 1024 * 1024;
/** Of an error in a brief letter, characters. */
const BRIEF_ERROR_MAX = 1000;

const COLUMNS =
  "d.n, d.id, d.seq, d.consumer, d.reason, d.error, d.attempts, d.first_at, d.dead_at, d.state, d.fields, s.name";
/** ?1 after, then the filter; `dealtWith`: also those that nothing waits behind any more. */
const WANTED =
  "FROM deadletter d LEFT JOIN signal s ON s.seq = d.seq AND d.seq > 0 WHERE d.n > ?1 AND (?2 IS NULL OR d.consumer = ?2) " +
  "AND (?3 IS NULL OR d.reason = ?3) AND (?4 IS NULL OR s.name = ?4) AND d.dead_at >= ?5 AND d.dead_at < ?6 " +
  "AND (?7 OR d.state IN ('dead', 'reported')) ORDER BY d.n LIMIT ?8";

type LetterQuery = AdminOps["deadLetters"]["request"];

/** Oldest first, from `after` (exclusive) on. A page ends early when it grows large: an empty one is the end. */
export function listDeadLetters(db: JournalDatabase, query: LetterQuery): DeadLetter[] {
  const brief = query.brief === true;
  const rows = db
    .prepare(`SELECT ${COLUMNS}, ${brief ? "NULL AS content, NULL AS body" : "d.content, s.body"} ${WANTED}`)
    .iterate(
      query.after ?? 0,
      query.consumer ?? null,
      query.reason ?? null,
      query.signal ?? null,
      query.since ?? 0,
      query.before ?? Number.MAX_SAFE_INTEGER,
      query.includeRetried === true ? 1 : 0,
      Math.min(query.limit ?? 100, PAGE_MAX),
    ) as Iterable<LetterRow>;
  const letters: DeadLetter[] = [];
  let size = 0;
  for (const row of rows) {
    const letter = letterOf(row, brief);
    size += (row.body ?? row.content ?? "").length + letter.error.length + (row.fields ?? "").length;
    if (letters.length > 0 && size > PAGE_TEXT_MAX) break;
    letters.push(letter);
  }
  return letters;
}

function letterOf(row: LetterRow, brief: boolean): DeadLetter {
  return {
    n: row.n,
    id: row.id,
    seq: row.seq,
    consumer: row.consumer,
    reason: row.reason,
    error: brief ? row.error.slice(0, BRIEF_ERROR_MAX) : row.error,
    attempts: row.attempts,
    firstAt: row.first_at,
    deadAt: row.dead_at,
    state: row.state,
    signalName: row.name,
    signal: row.body === null ? (row.content ?? "") : signalOf(row.body),
    fields: row.fields === null ? {} : (JSON.parse(row.fields) as Record<string, string>),
  };
}

/** A damaged signal is shown as what is left of it. */
function signalOf(body: string): DeadLetter["signal"] {
  try {
    return JSON.parse(body) as Exclude<DeadLetter["signal"], string>;
  } catch {
    return body;
  }
}
