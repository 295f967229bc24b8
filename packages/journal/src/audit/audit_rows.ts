/** The rows of the smaller tables against their checksums. Each step is one page. */
import type { Database } from "bun:sqlite";
import { highestPurged } from "../upkeep/id_memo.ts";
import { DEADLINE, LETTER, MEMO, type Row, type RowKind, STATE, SUBSCRIPTION } from "./row_kinds.ts";
import { type CountColumns, consumerSum, countsSum } from "../row_sums.ts";
import { FIRED } from "../schema.ts";
import { parseAnchor } from "../deadlines/time_away.ts";

const PAGE = 2000;

/** Here with its counts, which a repair makes anew. */
const CONSUMER: Pick<RowKind, "table" | "key" | "isIntact" | "nameOf"> = {
  table: "consumer",
  key: "cid",
  isIntact: (row) => {
    const all = row as CountColumns & Parameters<typeof consumerSum>[0] & { sum: number; counts_sum: number };
    return consumerSum(all) === all.sum && countsSum(all.cid, all) === all.counts_sum;
  },
  nameOf: (row) => `consumer ${String(row["name"])}`,
};

/** In words, one by one. `unsound`: the newest signal that is damaged or lost; 0: none. */
export function* rowFlaws(db: Database, unsound: number): Generator<string | undefined> {
  for (const one of [CONSUMER, SUBSCRIPTION, LETTER, DEADLINE, MEMO]) yield* tableFlaws(db, one);
  yield* timeoutFlaws(db, unsound);
  yield* clockFlaws(db);
}

/** Both clocks are written together, and read together: the bus may write meanwhile. */
function* clockFlaws(db: Database): Generator<string> {
  const rows = db.prepare<{ k: string; v: unknown }, []>(
    "SELECT k, v FROM meta WHERE k IN ('anchor', 'clock')",
  );
  const found = new Map(rows.all().map(({ k, v }) => [k, v]));
  if (!found.has("anchor")) return;
  const [anchor, clock] = [parseAnchor(found.get("anchor")), found.get("clock")];
  if (anchor === undefined) yield "the anchor of the deadlines' clock does not match its checksum";
  else if (anchor.own !== undefined && anchor.own !== clock)
    yield `the journal's clock shows ${String(clock)}, and its anchor says ${anchor.own}`;
}

function* tableFlaws(
  db: Database,
  { table, key, isIntact, nameOf }: typeof CONSUMER,
): Generator<string | undefined> {
  const who = (cid: unknown): string => `consumer ${String(cid)}`;
  const read = db.prepare<Row, [number, number]>(`SELECT * FROM ${table} ORDER BY ${key} LIMIT ? OFFSET ?`);
  for (let offset = 0; ; offset += PAGE) {
    const rows = read.all(PAGE, offset);
    for (const row of rows) if (!isIntact(row)) yield `${nameOf(row, who)} does not match its checksum`;
    if (rows.length < PAGE) return;
    yield undefined;
  }
}

/** A deadline that fired has said so, as long as its request is there; retention or damage may have taken what it said. */
function* timeoutFlaws(db: Database, unsound: number): Generator<string | undefined> {
  const rows = db
    .prepare<{ request_seq: number; n: number }, []>(
      `SELECT d.request_seq, (SELECT count(*) FROM signal t WHERE t.seq > d.request_seq AND t.name IN ('Q_INVESTIGATION_TIMEOUT', 'Q_DREAM_TIMEOUT') ` +
        `AND json_valid(t.body) AND json_extract(t.body, '$.cause') = (SELECT r.id FROM signal r WHERE r.seq = d.request_seq)) AS n FROM deadline d WHERE d.state = ${FIRED} ORDER BY d.request_seq DESC LIMIT 100`,
    )
    .all();
  const gone = rows.some(({ n }) => n === 0) ? Math.max(highestPurged(db), unsound) : 0;
  for (const { request_seq, n } of rows)
    if (n > 1 || (n === 0 && request_seq > gone))
      yield `the deadline of request ${request_seq} fired, and ${n} timeouts were said of it`;
}

export interface DamagedState {
  readonly cid: number;
  readonly key: string;
  /** Its bytes in hexadecimals: a damaged key need not be a text. */
  readonly keyHex: string;
}

/** Consumers' own states. */
export function damagedStates(db: Database): DamagedState[] {
  return db
    .prepare<DamagedState, []>("SELECT cid, key, value, hex(CAST(key AS BLOB)) AS keyHex FROM state")
    .all()
    .filter((row) => !STATE.isIntact(row));
}
