/**
 * What a repair could not save, by name: signals by their number, rows by what they are of, transactions by how many.
 *
 * Invariant: nothing that was acknowledged is lost in silence, and nothing is called lost of which another version is there.
 */
import type { JournalDatabase } from "../database.ts";
import type { Mark } from "../start/high_water.ts";
import type { Who } from "../audit/row_kinds.ts";
import type { Noted, Salvage } from "./salvage.ts";

export interface Losses {
  /** Acknowledged signals that are gone; `id` where it is known. */
  readonly signals: readonly { readonly seq: number; readonly id: string | null }[];
  /** Signals that are whole, of which it is lost how far a consumer was: they are delivered to it again. */
  readonly again: readonly { readonly consumer: string; readonly seq: number }[];
  /** Anything else, in words. */
  readonly notes: readonly string[];
}

/** Rows that are lost, or went back to what they were. */
export function namedRows(db: JournalDatabase, { earlier, lost, unread }: Salvage): string[] {
  const consumers = db.prepare("SELECT cid, name FROM consumer").all() as { cid: number; name: string }[];
  const names = new Map<unknown, string>(consumers.map(({ cid, name }) => [cid, name]));
  const who: Who = (cid) => names.get(cid) ?? `consumer number ${String(cid)}`;
  const words = (noted: readonly Noted[]): Set<string> =>
    new Set(noted.map(({ nameOf, row }) => nameOf(row, who)));
  const back = words(earlier);
  return [
    ...[...back].map((what) => `${what}: only an earlier version is left`),
    ...[...words(lost).difference(back)].map((what) => `${what} does not match its checksum: it is lost`),
    ...unread,
  ];
}

/** Their new signals are missing by number; what else they changed, nobody knows. */
export function lostCommits({ meta }: Salvage, mark: Mark | undefined): string[] {
  const missing = (mark?.commit ?? 0) - Number(meta.get("commit") ?? 0);
  if (missing <= 0) return [];
  return [`the last ${missing} transactions are lost, or are not whole: what they settled is given again`];
}

/** A longer gap is no loss of signals, but of the number that the next one was to have. */
const GAP_MAX = 1_000_000;

/** Numbers are never left out: one that is missing, and that retention did not take, is lost. */
export function lostSignals(db: JournalDatabase, { ids, meta }: Salvage, last: number): Losses["signals"] {
  const lost: { seq: number; id: string | null }[] = [];
  const forgotten = Number(meta.get("forgotten_seq") ?? 0);
  const rows = db.prepare(
    "SELECT seq FROM signal WHERE seq > ?1 UNION SELECT seq FROM idmemo WHERE seq > ?1 UNION SELECT ?2 ORDER BY seq",
  );
  let next = forgotten + 1;
  for (const { seq } of rows.iterate(forgotten, last + 1) as Iterable<{ seq: number }>) {
    if (seq - next <= GAP_MAX) for (; next < seq; next++) lost.push({ seq: next, id: ids.get(next) ?? null });
    next = seq + 1;
  }
  return lost.map(({ seq, id }) => ({ seq, id: idOf(db, id) }));
}

/** An index of dead letters has ids too, of signals that are there. */
function idOf(db: JournalDatabase, id: string | null): string | null {
  if (id === null) return null;
  const known = db
    .prepare("SELECT 1 FROM signal WHERE id = ?1 UNION ALL SELECT 1 FROM deadletter WHERE id = ?1")
    .get(id);
  return known === null ? id : null;
}
