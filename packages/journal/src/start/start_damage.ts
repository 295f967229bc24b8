/** Sets aside what the check before the start found damaged: named, counted, and in nobody's way. */
import { type DamagedAt, auditNow } from "../audit/audit.ts";
import type { JournalDatabase } from "../database.ts";
import { countsSum } from "../row_sums.ts";
import { NOTE_DAMAGE, SET_ASIDE } from "../damaged_rows.ts";
import { WAITING } from "../schema.ts";
import { refuseDifferences } from "./start_check.ts";
import { type Tally, TALLY_COLUMNS, plus, purgedTally, tallyRows } from "../upkeep/tally.ts";

/**
 * In one transaction. The counts of those whom it concerns are made anew from their rows. Throws `JournalError`, and changes
 * nothing, for a journal that does not add up without them either.
 */
export function setAsideAtStart(db: JournalDatabase, damaged: readonly DamagedAt[], atMs: number): void {
  if (damaged.length === 0) return;
  const note = db.prepare(NOTE_DAMAGE);
  db.transaction(() => {
    const touched = new Set<number>();
    for (const row of damaged) {
      if (row.keyHex !== undefined) {
        dropState(db, { ...row, keyHex: row.keyHex }, atMs);
        continue;
      }
      note.run(row.seq, row.cid, row.what, atMs);
      for (const cid of setAside(db, row)) touched.add(cid);
    }
    for (const cid of touched) recount(db, cid);
    refuseDifferences(db.path, auditNow(db.handle).differences);
  });
}

const DROP = "DELETE FROM state WHERE cid = ? AND hex(CAST(key AS BLOB)) = ? RETURNING value";
const NOTE_STATE =
  "INSERT INTO damage(seq, cid, what, found_at) SELECT min(0, coalesce(min(seq), 0)) - 1, ?1, ?2, ?3 FROM damage WHERE cid = ?1";

/** Its text stays in table `damage`, which numbers states downwards; the consumer goes on without it. */
function dropState(db: JournalDatabase, state: DamagedAt & { readonly keyHex: string }, atMs: number): void {
  const { value } = db.prepare(DROP).get(state.cid, state.keyHex) as { value: unknown };
  db.prepare(NOTE_STATE).run(state.cid, `${state.what}: ${String(value)}`, atMs);
}

/** Returns the consumers that it concerns. A damaged signal is nobody's any more, but what was done with it stays done. */
function setAside(db: JournalDatabase, { seq, cid, what }: DamagedAt): number[] {
  if (cid !== 0) {
    db.prepare(SET_ASIDE).run(what, cid, seq);
    return [cid];
  }
  const all = db.prepare(
    "SELECT d.cid, d.state FROM consumer c JOIN delivery d ON d.cid = c.cid AND d.seq = ?",
  );
  const rows = all.all(seq) as { cid: number; state: number }[];
  for (const row of rows) if (row.state <= WAITING) db.prepare(SET_ASIDE).run(what, row.cid, seq);
  return rows.map((row) => row.cid);
}

/** What the rows say, and what retention took of them, becomes what is counted. */
export function recount(db: Pick<JournalDatabase, "prepare" | "handle">, cid: number): void {
  const tally = plus(tallyRows(db.handle, cid), purgedTally(db.handle, cid));
  const columns = TALLY_COLUMNS.map((column) => `${column} = ?`).join(", ");
  db.prepare(`UPDATE consumer SET ${columns}, counts_sum = ? WHERE cid = ?`).run(
    ...TALLY_COLUMNS.map((column: keyof Tally) => tally[column]),
    countsSum(cid, tally),
    cid,
  );
}
