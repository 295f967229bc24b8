/**
 * Consumers whose row does not match its checksum: worth more than none when what they say can be, for all their deliveries
 * hang on it.
 *
 * Invariant: one that matches its checksum has its name and number to itself; what was written is found by the checksum where
 * one damaged column explains all.
 */
import type { ConsumerSpec } from "../broker_types.ts";
import type { JournalDatabase } from "../database.ts";
import { consumerSum } from "../row_sums.ts";
import type { Salvage } from "./salvage.ts";

export interface ConsumerColumns {
  readonly cid: number;
  readonly name: string;
  readonly definition: string;
  readonly holder: string;
  readonly removed_at: number | null;
  readonly sum: number;
}

/** After all that matches its checksum is in place. */
export function placeConsumers(
  into: JournalDatabase,
  { doubtful, mended, unread }: Pick<Salvage, "doubtful" | "mended" | "unread">,
): void {
  const taken = into.prepare("SELECT 1 FROM consumer WHERE cid = ? OR name = ?");
  const insert = into.prepare("INSERT INTO consumer VALUES(?,?,?,?,0,0,0,0,0,0,0,0,?,?,0)");
  for (const row of doubtful) {
    const found = written(row, numbersWithout(into)) ?? plausible(row);
    if (found === undefined) unread.push(`consumer ${row.name} is lost: its row makes no sense`);
    if (found === undefined || taken.get(found.cid, found.name) !== null) continue;
    const { cid, name, definition, holder, removed_at } = found;
    insert.run(cid, name, definition, holder, removed_at, consumerSum(found));
    mended.push(name);
  }
}

/** Numbers that deliveries are for, and no consumer has. */
function numbersWithout(into: JournalDatabase): readonly number[] {
  const rows = into
    .prepare("SELECT DISTINCT cid FROM delivery WHERE cid NOT IN (SELECT cid FROM consumer)")
    .all() as { cid: number }[];
  return rows.map(({ cid }) => cid);
}

function written(row: ConsumerColumns, numbers: readonly number[]): ConsumerColumns | undefined {
  const name = specOf(row)?.name ?? row.name;
  const guesses = [
    { ...row, name },
    { ...row, removed_at: null },
    ...numbers.map((cid) => ({ ...row, cid })),
  ];
  return guesses.find((guess) => consumerSum(guess) === row.sum);
}

/** A removed consumer has its number behind its name (definition.ts). */
function plausible(row: ConsumerColumns): ConsumerColumns | undefined {
  const spec = specOf(row);
  if (spec === undefined || typeof row.holder !== "string" || !Array.isArray(spec.signals)) return undefined;
  if (row.name === spec.name) return { ...row, removed_at: null };
  const removed = row.name === `${spec.name}~${row.cid}` && typeof row.removed_at === "number";
  return removed ? row : undefined;
}

function specOf({ definition }: ConsumerColumns): ConsumerSpec | undefined {
  try {
    return JSON.parse(definition) as ConsumerSpec;
  } catch {
    return undefined;
  }
}
