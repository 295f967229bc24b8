/**
 * Ids of signals that retention has taken away, remembered for as long as somebody may still say them again: that is
 * the horizon of de-duplication.
 */
import type { Database } from "bun:sqlite";
import type { Envelope } from "@kloros/signal-schema";
import type { JournalDatabase } from "../database.ts";
import { readMeta, writeMeta } from "../meta.ts";
import { memoSum } from "../row_sums.ts";

export interface RememberedId {
  readonly seq: number;
  readonly body_hash: string;
}

/** Sequence number of the newest signal that retention took, 0: none. What is missing up to here may be one of them. */
export function highestPurged(db: Database): number {
  const row = db
    .prepare<{ seq: number }, []>(
      "SELECT max(coalesce((SELECT max(seq) FROM idmemo), 0), coalesce((SELECT v FROM meta WHERE k = 'forgotten_seq'), 0)) AS seq",
    )
    .get();
  return row?.seq ?? 0;
}

export class IdMemo {
  readonly #db: JournalDatabase;
  /** Ids ascend by their time, so that what is said now is above all of these: most need no look. */
  #highest: string;

  constructor(db: JournalDatabase) {
    this.#db = db;
    const row = db.prepare("SELECT max(id) AS id FROM idmemo").get() as { id: string | null };
    this.#highest = row.id ?? "";
  }

  find(id: string): RememberedId | undefined {
    if (id > this.#highest) return undefined;
    const row = this.#db.prepare("SELECT seq, body_hash FROM idmemo WHERE id = ?").get(id);
    return (row as RememberedId | null) ?? undefined;
  }

  /** Inside a transaction. `forgetAt`: UTC, ms. */
  remember(
    signal: { readonly id: string; readonly seq: number; readonly body: string },
    forgetAt: number,
  ): void {
    const { id, seq } = signal;
    const row = { id, seq, body_hash: bodyHash(signal.body), forget_at: forgetAt };
    this.#db
      .prepare("INSERT OR REPLACE INTO idmemo(id, seq, body_hash, forget_at, sum) VALUES(?,?,?,?,?)")
      .run(id, seq, row.body_hash, forgetAt, memoSum(row));
    // At once: a signal of this id may follow in the same transaction. Too high costs a look, no more.
    if (id > this.#highest) this.#highest = id;
  }

  /** Inside a transaction. Returns how many. */
  forget(nowMs: number, limit: number): number {
    const rows = this.#db
      .prepare("SELECT id, seq FROM idmemo WHERE forget_at <= ? LIMIT ?")
      .all(nowMs, limit) as { id: string; seq: number }[];
    for (const { id } of rows) this.#db.prepare("DELETE FROM idmemo WHERE id = ?").run(id);
    // Up to here a number that is missing is no loss.
    const highest = rows.reduce(
      (most, { seq }) => Math.max(most, seq),
      readMeta(this.#db, "forgotten_seq", 0),
    );
    if (rows.length > 0) writeMeta(this.#db, "forgotten_seq", highest);
    return rows.length;
  }
}

/** The same for what `sameBody` calls the same: whatever the order of keys, and the times. A damaged body is like no other. */
export function bodyHash(body: string): string {
  return new Bun.CryptoHasher("sha256").update(whatIsSaid(body)).digest("hex").slice(0, 32);
}

function whatIsSaid(body: string): string {
  try {
    const { signal, source, facts } = JSON.parse(body) as Envelope;
    return JSON.stringify([signal, source, sorted(facts)]);
  } catch {
    return body;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, of]) => [key, sorted(of)]);
}
