/** What the rows say about one consumer, apart from the counts that the writer keeps while it works. */
import type { Database } from "bun:sqlite";
import { parseSummed } from "../checksum.ts";
import { STATE_NAMES, WAITING } from "../schema.ts";

/** The columns of table `consumer` that count; `_x` are XORs of signal checksums. */
export const TALLY_COLUMNS = [
  "matched",
  "matched_x",
  "done",
  "superseded",
  "dead",
  "dropped",
  "damaged",
  "settled_x",
] as const;
export type Tally = Record<(typeof TALLY_COLUMNS)[number], number>;

export function emptyTally(): Tally {
  return { matched: 0, matched_x: 0, done: 0, superseded: 0, dead: 0, dropped: 0, damaged: 0, settled_x: 0 };
}

/** Adds one delivery; `sum`: its signal's checksum. */
export function addDelivery(tally: Tally, state: number, sum: number): void {
  tally.matched += 1;
  tally.matched_x ^= sum;
  if (state <= WAITING) return;
  tally.settled_x ^= sum;
  const name = STATE_NAMES[state];
  if (name !== undefined && name in tally) tally[name as keyof Tally] += 1;
}

/** Both together. */
export function plus(a: Tally, b: Tally): Tally {
  const sum = { ...a };
  for (const column of TALLY_COLUMNS)
    sum[column] = column.endsWith("_x") ? a[column] ^ b[column] : a[column] + b[column];
  return sum;
}

/** From its deliveries and the signals that they are about. One statement: what it sees is one moment. */
export function tallyRows(db: Database, cid: number): Tally {
  const tally = emptyTally();
  const rows = db
    .prepare<{ state: number; sum: number | null }, [number]>(
      "SELECT d.state, s.sum FROM delivery d LEFT JOIN signal s USING(seq) WHERE d.cid = ?",
    )
    .iterate(cid);
  for (const { state, sum } of rows) addDelivery(tally, state, sum ?? 0);
  return tally;
}

/** What retention has taken away of a consumer's deliveries, so that its counts can go on for ever. */
export function purgedTally(db: Database, cid: number): Tally {
  const row = db.prepare<{ v: unknown }, [string]>("SELECT v FROM meta WHERE k = ?").get(purgedKey(cid));
  // Damaged, it is as if nothing had been taken: then the counts do not add up, which is told.
  return { ...emptyTally(), ...(row === null ? {} : parseSummed(row.v)) };
}

export function purgedKey(cid: number): string {
  return `purged:${cid}`;
}

/** In words; empty: they agree. */
export function differences(counted: Tally, rows: Tally): string[] {
  return TALLY_COLUMNS.filter((column) => counted[column] !== rows[column]).map(
    (column) => `counts ${column} = ${counted[column]}, its rows say ${rows[column]}`,
  );
}
