/** Table `meta`: the few numbers that the journal itself must remember. */
import { type JournalDatabase, JournalError, REPAIR } from "./database.ts";

export function readMeta(db: JournalDatabase, key: string, otherwise: number): number {
  const row = db.prepare("SELECT v FROM meta WHERE k = ?").get(key) as { v: number } | null;
  return row?.v ?? otherwise;
}

/** Inside a transaction. */
export function writeMeta(db: JournalDatabase, key: string, value: number): void {
  db.prepare("INSERT INTO meta(k, v) VALUES(?,?) ON CONFLICT DO UPDATE SET v = excluded.v").run(key, value);
}

/** A new epoch a start: tokens of an earlier bus never equal a new one. Also checks that sequence numbers fit. */
export function startEpoch(db: JournalDatabase): number {
  const epoch = readMeta(db, "epoch", 0) + 1;
  const { last } = db.prepare("SELECT coalesce(max(seq), 0) AS last FROM signal").get() as { last: number };
  const next = readMeta(db, "next_seq", 1);
  if (last >= next) {
    throw new JournalError(
      "corrupt",
      `the journal ${db.path} holds signal ${last} but counts only to ${next - 1}. ${REPAIR}`,
    );
  }
  db.transaction(() => writeMeta(db, "epoch", epoch));
  return epoch;
}
