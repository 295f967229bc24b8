/** History and statistics, read on a connection of their own: in pages, in short transactions, never by the writer. */
import type { Database } from "bun:sqlite";
import { type SignalColumns, signalSum } from "./checksum.ts";
import type { Envelope } from "@kloros/signal-schema";
import type { DeliveryStateName, Page, ReadQuery, StoredSignal } from "./broker_types.ts";
import { type DeadlineCounts, countDeadlines } from "./deadlines/deadline_rows.ts";
import { STATE_NAMES, WAITING } from "./schema.ts";

const PAGE_MAX = 1000;

type SignalRow = SignalColumns & { seq: number; sum: number };

interface DeliveryRow {
  seq: number;
  consumer: string;
  state: number;
  attempt: number;
  settled_at: number | null;
  error: string | null;
}

export function readPage(db: Database, query: ReadQuery): Page {
  const newest = query.order === "newest";
  const limit = Math.max(1, Math.min(query.limit ?? 100, PAGE_MAX));
  const { where, values } = conditions(query);
  const rows = db
    .query<SignalRow, (string | number)[]>(
      `SELECT seq, id, name, source, lane, at, trace, ckey, sum, body FROM signal ${where} ORDER BY seq ${newest ? "DESC" : "ASC"} LIMIT ?`,
    )
    .all(...values, limit);
  const isIntact = (row: SignalRow): boolean => signalSum(row.seq, row) === row.sum;
  const intact = rows.filter(isIntact);
  const damaged = intact.length === rows.length ? [] : rows.filter((r) => !isIntact(r)).map((r) => r.seq);
  const deliveries = deliveriesOf(
    db,
    intact.map((row) => row.seq),
  );
  return {
    items: intact.map((row) => toStored(row, deliveries.get(row.seq) ?? [])),
    next: rows.length < limit ? null : (rows.at(-1)?.seq ?? null),
    ...(damaged.length === 0 ? {} : { damaged }),
  };
}

function conditions(query: ReadQuery): { where: string; values: (string | number)[] } {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...given: (string | number)[]): void => {
    parts.push(sql);
    values.push(...given);
  };
  const oneOf = (column: string, names: readonly string[]): void =>
    add(`${column} IN (${names.map(() => "?").join(",")})`, ...names);
  if (query.id !== undefined) add("id = ?", query.id);
  if (query.trace !== undefined) {
    // A chain begins with its root: nothing of it is older.
    add(
      "seq >= coalesce((SELECT seq FROM signal WHERE id = ?), 0) AND coalesce(trace, id) = ?",
      query.trace,
      query.trace,
    );
  }
  if (query.signals !== undefined) oneOf("name", query.signals);
  if (query.sources !== undefined) oneOf("source", query.sources);
  if (query.afterSeq !== undefined) add("seq > ?", query.afterSeq);
  if (query.beforeSeq !== undefined) add("seq < ?", query.beforeSeq);
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}

function deliveriesOf(db: Database, seqs: readonly number[]): Map<number, DeliveryRow[]> {
  const bySeq = new Map<number, DeliveryRow[]>();
  const statement = db.query<DeliveryRow, [number]>(
    "SELECT d.seq, c.name AS consumer, d.state, d.attempt, d.settled_at, d.error FROM consumer c JOIN delivery d ON d.cid = c.cid AND d.seq = ?",
  );
  for (const seq of seqs) bySeq.set(seq, statement.all(seq));
  return bySeq;
}

function toStored(row: SignalRow, deliveries: readonly DeliveryRow[]): StoredSignal {
  return {
    seq: row.seq,
    storedAt: row.at,
    envelope: JSON.parse(row.body) as Envelope,
    deliveries: deliveries.map((d) => ({
      consumer: d.consumer,
      state: (STATE_NAMES[d.state] ?? "damaged") satisfies DeliveryStateName,
      attempt: d.attempt,
      settledAt: d.settled_at,
      error: d.error,
    })),
  };
}

/** Looks at every signal: asked for by people, not by timers. */
export interface SignalStatistics {
  readonly signals: number;
  readonly deadLetters: number;
  readonly deadlines: DeadlineCounts;
  readonly unconsumed: readonly { readonly signal: string; readonly count: number }[];
}

/** By consumer id: waiting rows, and when the signal of the oldest open one was stored (UTC ms, null: none open). */
export type ConsumerStatistics = Readonly<
  Record<number, { readonly waiting: number; readonly oldestAt: number | null }>
>;

export function readSignalStatistics(db: Database): SignalStatistics {
  const one = (sql: string): number => db.query<{ n: number }, []>(sql).get()?.n ?? 0;
  return {
    signals: one("SELECT count(*) AS n FROM signal"),
    deadLetters: one("SELECT count(*) AS n FROM deadletter WHERE state = 'dead'"),
    deadlines: countDeadlines(db),
    unconsumed: db
      .query<{ signal: string; count: number }, []>(
        "SELECT name AS signal, count(*) AS count FROM signal WHERE name NOT IN (SELECT name FROM subscription) GROUP BY name ORDER BY name",
      )
      .all(),
  };
}

/** A consumer that has nothing open costs nothing. */
const CONSUMERS =
  `SELECT c.cid, (SELECT count(*) FROM delivery d WHERE d.cid = c.cid AND d.state = ${WAITING}) AS waiting, ` +
  `CASE WHEN c.matched > c.done + c.superseded + c.dead + c.dropped + c.damaged THEN ` +
  `(SELECT s.at FROM delivery d JOIN signal s USING(seq) WHERE d.cid = c.cid AND d.state <= ${WAITING} ORDER BY d.seq LIMIT 1) ` +
  `END AS oldestAt FROM consumer c WHERE c.removed_at IS NULL`;

export function readConsumerStatistics(db: Database): ConsumerStatistics {
  const rows = db.query<{ cid: number; waiting: number; oldestAt: number | null }, []>(CONSUMERS).all();
  return Object.fromEntries(rows.map(({ cid, waiting, oldestAt }) => [cid, { waiting, oldestAt }]));
}
