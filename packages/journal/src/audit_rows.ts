/** The rows of the smaller tables against their checksums. Each step is one page. */
import type { Database } from "bun:sqlite";
import { unsealState } from "./checksum.ts";
import { type DeadlineRow, wholeSum } from "./deadline_rows.ts";
import { highestPurged } from "./id_memo.ts";
import {
  type CountColumns,
  type LetterColumns,
  consumerSum,
  countsSum,
  letterSum,
  memoSum,
  subscriptionSum,
} from "./row_sums.ts";
import { FIRED } from "./schema.ts";

const PAGE = 2000;

type Row = Readonly<Record<string, never>>;

interface Table {
  readonly table: string;
  readonly key: string;
  readonly isIntact: (row: Row) => boolean;
  readonly nameOf: (row: Readonly<Record<string, unknown>>) => string;
}

const TABLES: readonly Table[] = [
  {
    table: "consumer",
    key: "cid",
    isIntact: (row) => {
      const counts = row as unknown as CountColumns;
      return (
        consumerSum(row as never) === row["sum"] && countsSum(row["cid"] ?? 0, counts) === row["counts_sum"]
      );
    },
    nameOf: (row) => `consumer ${String(row["name"])}`,
  },
  {
    table: "subscription",
    key: "name, cid",
    isIntact: (row) => subscriptionSum(row as never) === row["sum"],
    nameOf: (row) => `the subscription to ${String(row["name"])} of consumer ${String(row["cid"])}`,
  },
  {
    table: "deadletter",
    key: "n",
    isIntact: (row) => letterSum(row as unknown as LetterColumns) === row["sum"],
    nameOf: (row) => `dead letter ${String(row["n"])} (signal ${String(row["seq"])})`,
  },
  {
    table: "deadline",
    key: "request_seq",
    isIntact: (row) => wholeSum(row as unknown as DeadlineRow) === row["sum"],
    nameOf: (row) => `the deadline of request ${String(row["request_seq"])}`,
  },
  {
    table: "idmemo",
    key: "id",
    isIntact: (row) => memoSum(row as never) === row["sum"],
    nameOf: (row) => `the remembered id ${String(row["id"])}`,
  },
];

/** In words, one by one. */
export function* rowFlaws(db: Database): Generator<string | undefined> {
  for (const one of TABLES) yield* tableFlaws(db, one);
  yield* timeoutFlaws(db);
}

function* tableFlaws(db: Database, { table, key, isIntact, nameOf }: Table): Generator<string | undefined> {
  const read = db.prepare<Row, [number, number]>(`SELECT * FROM ${table} ORDER BY ${key} LIMIT ? OFFSET ?`);
  for (let offset = 0; ; offset += PAGE) {
    const rows = read.all(PAGE, offset);
    for (const row of rows)
      if (!holds(() => isIntact(row))) yield `${nameOf(row)} does not match its checksum`;
    if (rows.length < PAGE) return;
    yield undefined;
  }
}

/** A column of another type makes the arithmetic throw. */
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** A deadline that fired has said so, as long as its request is there; retention may have taken what it said. */
function* timeoutFlaws(db: Database): Generator<string | undefined> {
  const rows = db
    .prepare<{ request_seq: number; n: number }, []>(
      `SELECT d.request_seq, (SELECT count(*) FROM signal t WHERE t.seq > d.request_seq AND t.name IN ('Q_INVESTIGATION_TIMEOUT', 'Q_DREAM_TIMEOUT') ` +
        `AND json_valid(t.body) AND json_extract(t.body, '$.cause') = (SELECT r.id FROM signal r WHERE r.seq = d.request_seq)) AS n FROM deadline d WHERE d.state = ${FIRED} ORDER BY d.request_seq DESC LIMIT 100`,
    )
    .all();
  const purged = rows.some(({ n }) => n === 0) ? highestPurged(db) : 0;
  for (const { request_seq, n } of rows)
    if (n > 1 || (n === 0 && request_seq > purged))
      yield `the deadline of request ${request_seq} fired, and ${n} timeouts were said of it`;
}

/** Consumers' own states: set aside when they are needed. */
export function damagedStates(db: Database): { readonly cid: number; readonly key: string }[] {
  return db
    .prepare<{ cid: number; key: string; value: string }, []>("SELECT cid, key, value FROM state")
    .all()
    .filter(({ cid, key, value }) => !holds(() => unsealState(cid, key, value) !== undefined));
}
