/**
 * Rows of a journal of schema version 1 as those of version 2, for a repair: that one has sums at the end of consumers,
 * subscriptions and dead letters, which are made here (where SQLite can read, migrations/to_version_2.ts makes them).
 *
 * Nothing tells whether such a row is what was written: version 1 had no sums of them.
 */
import { LETTER } from "../audit/row_kinds.ts";
import {
  type CountColumns,
  type LetterColumns,
  consumerSum,
  countsSum,
  letterSum,
  subscriptionSum,
} from "../row_sums.ts";
import { TALLY_COLUMNS } from "../upkeep/tally.ts";
import { type PageRow, named } from "./page_rows.ts";

const CONSUMER = ["cid", "name", "definition", "holder", ...TALLY_COLUMNS, "removed_at"] as const;
const LETTER_COLUMNS = LETTER.columns.slice(0, -1);

type ConsumerRow = CountColumns & Parameters<typeof consumerSum>[0];

/** What is no row of these tables stays as it is. */
export function toVersion2(row: PageRow): PageRow {
  return { rowid: row.rowid, values: [...row.values, ...sumsOf(row)] };
}

function sumsOf({ rowid, values }: PageRow): number[] {
  const [first, second, third] = values;
  if (rowid === null) {
    const isSubscription = values.length === 3 && typeof first === "string" && typeof third === "number";
    return isSubscription ? [subscriptionSum({ name: first, cid: Number(second), from_seq: third })] : [];
  }
  if (values.length !== CONSUMER.length) return [];
  // The row id stands for the first column.
  const whole = [rowid, ...values.slice(1)];
  if (typeof second !== "string")
    return [letterSum(named(LETTER_COLUMNS, whole) as unknown as LetterColumns)];
  const consumer = named(CONSUMER, whole) as unknown as ConsumerRow;
  return [consumerSum(consumer), countsSum(consumer.cid, consumer)];
}
