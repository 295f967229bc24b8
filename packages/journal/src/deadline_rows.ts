/**
 * The rows of table `deadline`: written by statements over ranges, each of which carries the checksum along by what it changes,
 * so that a row that was damaged before stays recognisable.
 */
import type { Database } from "bun:sqlite";
import { deadlineSum } from "./row_sums.ts";
import { ANSWERED, ARMED, FIRED, RUNNING, WITHDRAWN } from "./schema.ts";

export interface DeadlineRow {
  readonly request_seq: number;
  readonly request_id: string;
  readonly answering: string;
  readonly match: string | null;
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

/** The sum of a row as it should be. */
export function wholeSum(row: DeadlineRow): number {
  const late = row.late_ms === null ? 0 : row.late_ms + 1;
  const changing =
    BigInt(row.state) * BigInt(FACTORS.state) +
    BigInt(row.due) * BigInt(FACTORS.due) +
    BigInt(row.closed_by) * BigInt(FACTORS.closed_by) +
    BigInt(late) * BigInt(FACTORS.late_ms);
  return Number(BigInt.asUintN(32, BigInt(deadlineSum(row)) + changing));
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

export const INSERT_DEADLINE = `INSERT INTO deadline VALUES(?,?,?,?,?,${ARMED},0,0,NULL,?)`;
/** ?1 now, of the requests ?2 to ?3. */
export const START = `UPDATE deadline SET ${set({ state: String(RUNNING), due: "?1 + limit_ms" })} WHERE request_seq BETWEEN ?2 AND ?3 AND state = ${ARMED}`;
/** The same, if it is for consumer ?4 to answer. */
export const START_ONE = `${START} AND answering = ?4`;
/** ?1 sequence of the answer. */
export const ANSWER = `UPDATE deadline SET ${set({ state: String(ANSWERED), closed_by: "?1" })} WHERE request_seq = ?2`;
/** ?1 sequence of the answer, ?2 by how much it is late. */
export const ANSWER_LATE = `UPDATE deadline SET ${set({ closed_by: "?1", late_ms: "?2" })} WHERE request_seq = ?3`;
export const FIRE = `UPDATE deadline SET ${set({ state: String(FIRED) })} WHERE request_seq = ?1`;
export const WITHDRAW = `UPDATE deadline SET ${set({ state: String(WITHDRAWN) })} WHERE request_seq = ?1`;
/** ?1 consumer, ?2 name of the request. */
export const WITHDRAW_ALL = `UPDATE deadline SET ${set({ state: String(WITHDRAWN) })} WHERE state <= ${RUNNING} AND answering = ?1 AND (SELECT name FROM signal WHERE seq = request_seq) = ?2`;
/** What is delivered after all waits for its first grant anew. ?1 consumer id, ?2 its name, ?3 and ?4 the requests. */
export const REARM =
  `UPDATE deadline SET ${set({ state: String(ARMED), due: "0" })} WHERE state = ${WITHDRAWN} AND answering = ?2 AND request_seq BETWEEN ?3 AND ?4 ` +
  `AND EXISTS (SELECT 1 FROM delivery d WHERE d.cid = ?1 AND d.seq = request_seq AND d.state <= 1)`;
/**
 * Of those that match ?1 the one that runs longest: a walk over what is being worked on, which is little, and costs no index that
 * each request would have to be entered into.
 */
export const RUNNING_MATCH = `SELECT * FROM deadline WHERE request_seq = (SELECT request_seq FROM deadline WHERE state = ${RUNNING} AND match = ?1 ORDER BY due LIMIT 1)`;
export const FIRED_MATCH = `SELECT * FROM deadline WHERE state = ${FIRED} AND closed_by = 0 AND match = ?1 ORDER BY request_seq LIMIT 1`;
export const BY_CAUSE =
  "SELECT d.*, s.name FROM signal s JOIN deadline d ON d.request_seq = s.seq WHERE s.id = ?1";
export const NEXT_DUE = `SELECT min(due) AS due FROM deadline WHERE state = ${RUNNING}`;
/** ?1 now, ?2 how many. */
export const DUE = `SELECT d.*, s.name FROM deadline d LEFT JOIN signal s ON s.seq = d.request_seq WHERE d.state = ${RUNNING} AND d.due <= ?1 ORDER BY d.due LIMIT ?2`;
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
