/**
 * The rows of table `deadline`: numbers only, written by statements over ranges. Each statement carries the checksum along by what
 * it changes, so that a row that was damaged before stays recognisable. Who asked whom about what stands in the request itself.
 */
import type { Database } from "bun:sqlite";
import { ANSWERED, ARMED, FIRED, RUNNING, WITHDRAWN } from "../schema.ts";

export interface DeadlineRow {
  readonly request_seq: number;
  readonly limit_ms: number;
  readonly state: number;
  /** On the deadlines' clock, ms; 0 until it runs. */
  readonly due: number;
  /** Sequence of the answer, also of a late one; 0: none came. */
  readonly closed_by: number;
  /** How much too late the answer was; null: it was not. */
  readonly late_ms: number | null;
  readonly sum: number;
}

/** Odd factors modulo 2^32, as for deliveries. */
const FACTORS = { state: 99_991, due: 8191, closed_by: 1_000_003, late_ms: 524_287 } as const;
type Changing = keyof typeof FACTORS;

/** SQL for the sum of a new row. */
export function deadlineSum(requestSeq: string, limitMs: string): string {
  return `((${requestSeq} * 31 + ${limitMs} * 131071 + ${ARMED * FACTORS.state} + 2654435769) & 4294967295)`;
}

/** The sum of a row as it should be. NaN for one in which something else than a whole number stands: an empty blob would count as 0. */
export function wholeSum(row: DeadlineRow): number {
  const { request_seq, limit_ms, state, due, closed_by, late_ms } = row;
  const all: readonly unknown[] = [request_seq, limit_ms, state, due, closed_by, late_ms ?? 0];
  if (!all.every(Number.isSafeInteger)) return Number.NaN;
  const term = (value: number, factor: number): bigint => BigInt(value) * BigInt(factor);
  const sum =
    term(request_seq, 31) +
    term(limit_ms, 131_071) +
    term(state, FACTORS.state) +
    term(due, FACTORS.due) +
    term(closed_by, FACTORS.closed_by) +
    term(late_ms === null ? 0 : late_ms + 1, FACTORS.late_ms) +
    2_654_435_769n;
  return Number(BigInt.asUintN(32, sum));
}

/** `SET` clause that changes columns to SQL expressions over the row. Late answers are new ones: `late_ms` was null. */
function set(changes: Partial<Record<Changing, string>>): string {
  const columns = Object.entries(changes) as [Changing, string][];
  const terms = columns.map(([column, to]) => {
    const change = column === "late_ms" ? `(${to}) + 1` : `(${to}) - ${column}`;
    return ` + (${change}) * ${FACTORS[column]}`;
  });
  return `${columns.map(([column, to]) => `${column} = ${to}`).join(", ")}, sum = (sum${terms.join("")}) & 4294967295`;
}

const IS_NAMED = "(SELECT name FROM signal WHERE seq = request_seq) =";

/** ?1 to ?2 sequences, ?3 name of the request, ?4 its limit. */
export const ARM = `INSERT INTO deadline SELECT seq, ?4, ${ARMED}, 0, 0, NULL, ${deadlineSum("seq", "?4")} FROM signal WHERE seq BETWEEN ?1 AND ?2 AND name = ?3`;
/** ?1 now, of the requests ?2 to ?3. */
export const START = `UPDATE deadline SET ${set({ state: String(RUNNING), due: "?1 + limit_ms" })} WHERE request_seq BETWEEN ?2 AND ?3 AND state = ${ARMED}`;
/** The same, if it is of name ?4. */
export const START_NAMED = `${START} AND ${IS_NAMED} ?4`;
/** ?1 sequence of the answer. */
export const ANSWER = `UPDATE deadline SET ${set({ state: String(ANSWERED), closed_by: "?1" })} WHERE request_seq = ?2`;
/** ?1 sequence of the answer, ?2 by how much it is late. */
export const ANSWER_LATE = `UPDATE deadline SET ${set({ closed_by: "?1", late_ms: "?2" })} WHERE request_seq = ?3`;
export const FIRE = `UPDATE deadline SET ${set({ state: String(FIRED) })} WHERE request_seq = ?1`;
export const WITHDRAW = `UPDATE deadline SET ${set({ state: String(WITHDRAWN) })} WHERE request_seq = ?1`;
/** ?1 name of the request. */
export const WITHDRAW_ALL = `UPDATE deadline SET ${set({ state: String(WITHDRAWN) })} WHERE state <= ${RUNNING} AND ${IS_NAMED} ?1`;
/** What is delivered after all waits for its first grant anew. ?1 consumer id, ?2 name, ?3 to ?4 the requests. */
export const REARM =
  `UPDATE deadline SET ${set({ state: String(ARMED), due: "0" })} WHERE state = ${WITHDRAWN} AND request_seq BETWEEN ?3 AND ?4 AND ${IS_NAMED} ?2 ` +
  `AND EXISTS (SELECT 1 FROM delivery d WHERE d.cid = ?1 AND d.seq = request_seq AND d.state <= 1)`;

/** Answers that name no cause are looked for among so many. */
const MATCHED_MAX = 1000;
const MATCHES =
  "JOIN signal s ON s.seq = d.request_seq WHERE s.name = ?1 AND json_extract(CASE WHEN json_valid(s.body) THEN s.body END, '$.facts.' || ?2) = ?3";
/** Request ?1 whose fact ?2 is ?3: of what is being worked on, which is little, the one that runs longest. */
export const RUNNING_MATCH = `SELECT d.* FROM (SELECT * FROM deadline WHERE state = ${RUNNING} ORDER BY due LIMIT ${MATCHED_MAX}) d ${MATCHES} ORDER BY d.due LIMIT 1`;
/** The same of those that fired and were not answered, the last one first. */
export const FIRED_MATCH = `SELECT d.* FROM (SELECT * FROM deadline WHERE state = ${FIRED} AND closed_by = 0 ORDER BY due DESC LIMIT ${MATCHED_MAX}) d ${MATCHES} ORDER BY d.due DESC LIMIT 1`;
/** ?1 id of the request. */
export const BY_CAUSE =
  "SELECT d.*, s.name FROM signal s JOIN deadline d ON d.request_seq = s.seq WHERE s.id = ?1";
export const NEXT_DUE = `SELECT min(due) AS due FROM deadline WHERE state = ${RUNNING}`;
/** ?1 now, ?2 how many. */
export const DUE = `SELECT d.*, s.id, s.name, s.source, s.lane, s.at, s.trace, s.ckey, s.body, s.sum AS signal_sum FROM deadline d LEFT JOIN signal s ON s.seq = d.request_seq WHERE d.state = ${RUNNING} AND d.due <= ?1 ORDER BY d.due LIMIT ?2`;
/** ?1 sequence of an answer. */
export const IS_LATE = "SELECT 1 FROM deadline WHERE closed_by = ?1 AND late_ms IS NOT NULL";

/** How many there are of each kind. */
export interface DeadlineCounts {
  readonly armed: number;
  readonly running: number;
  readonly answered: number;
  /** Not answered in time; `late` of them were answered afterwards. */
  readonly fired: number;
  readonly late: number;
  readonly withdrawn: number;
}

export function countDeadlines(db: Database): DeadlineCounts {
  const rows = db
    .query<{ state: number; n: number; late: number }, []>(
      "SELECT state, count(*) AS n, count(late_ms) AS late FROM deadline GROUP BY state",
    )
    .all();
  const of = (state: number): number => rows.find((row) => row.state === state)?.n ?? 0;
  return {
    armed: of(ARMED),
    running: of(RUNNING),
    answered: of(ANSWERED),
    fired: of(FIRED),
    late: rows.reduce((sum, { late }) => sum + late, 0),
    withdrawn: of(WITHDRAWN),
  };
}
