/** What a journal was known to hold, and what of it is there or named after it was damaged. */
import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import type { Bus } from "@kloros/bus-client";

/** Number of a signal to what it says. */
export type Known = ReadonlyMap<number, string>;

/**
 * Of a journal whose bus was killed: as far as its mark goes, which is written before anything is answered. A commit that stood
 * on the disk at that moment, and that nobody was told of, may go.
 */
export function knownOf(journal: string): Known {
  const marks = readFileSync(journal.replace(/\.db$/, ".hwm"), "latin1").matchAll(/^kloros-mark \d+ (\d+)/gm);
  const last = Math.max(...[...marks].map(([, seq]) => Number(seq)));
  const db = new Database(journal);
  try {
    const rows = db
      .query<{ seq: number; body: string }, [number]>("SELECT seq, body FROM signal WHERE seq <= ?")
      .all(last);
    return new Map(rows.map(({ seq, body }) => [seq, JSON.stringify(JSON.parse(body))]));
  } finally {
    db.close();
  }
}

/** Numbers of signals that the bus gives otherwise than they are known, or not at all. */
export async function changedSince(known: Known, bus: Bus): Promise<readonly number[]> {
  const found = new Map<number, string>();
  for (let afterSeq: number | null = 0; afterSeq !== null;) {
    const page: Awaited<ReturnType<Bus["read"]>> = await bus.read({ afterSeq, limit: 1000 });
    for (const { seq, envelope } of page.items) found.set(seq, JSON.stringify(envelope));
    afterSeq = page.next;
  }
  return [...known].filter(([seq, text]) => found.get(seq) !== text).map(([seq]) => seq);
}
