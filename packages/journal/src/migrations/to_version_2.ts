/**
 * Schema version 2: deadlines, ids of purged signals, and checksums of consumers, subscriptions and dead letters.
 * Requests that wait in a journal of version 1 get their deadlines here.
 *
 * Never changed once released: what it calls (row_sums.ts) defines version 2 and changes only with a further version.
 */
import type { Database } from "bun:sqlite";
import { deadlineSum } from "../deadlines/deadline_rows.ts";
import {
  type CountColumns,
  type LetterColumns,
  consumerSum,
  countsSum,
  letterSum,
  subscriptionSum,
} from "../row_sums.ts";

const DDL = `
CREATE TABLE deadline(
  request_seq INTEGER PRIMARY KEY, limit_ms INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,
  closed_by INTEGER NOT NULL, late_ms INTEGER, sum INTEGER NOT NULL);
CREATE INDEX deadline_due ON deadline(due) WHERE state = 1;
CREATE INDEX deadline_unanswered ON deadline(due) WHERE state = 3 AND closed_by = 0;
CREATE INDEX deadline_late ON deadline(closed_by) WHERE late_ms IS NOT NULL;
CREATE TABLE idmemo(
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body_hash TEXT NOT NULL, forget_at INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX idmemo_forget ON idmemo(forget_at);
ALTER TABLE consumer ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consumer ADD COLUMN counts_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deadletter ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
`;

export function toVersion2(db: Database): void {
  db.run(DDL);
  sumConsumers(db);
  sumSubscriptions(db);
  sumLetters(db);
  for (const request of REQUESTS) armWaiting(db, request);
}

type ConsumerRow = CountColumns & {
  readonly cid: number;
  readonly name: string;
  readonly definition: string;
  readonly holder: string;
  readonly removed_at: number | null;
};

function sumConsumers(db: Database): void {
  for (const row of db.query<ConsumerRow, []>("SELECT * FROM consumer").all())
    db.query("UPDATE consumer SET sum = ?, counts_sum = ? WHERE cid = ?").run(
      consumerSum(row),
      countsSum(row.cid, row),
      row.cid,
    );
}

function sumSubscriptions(db: Database): void {
  type Row = { readonly name: string; readonly cid: number; readonly from_seq: number };
  for (const row of db.query<Row, []>("SELECT * FROM subscription").all())
    db.query("UPDATE subscription SET sum = ? WHERE name = ? AND cid = ?").run(
      subscriptionSum(row),
      row.name,
      row.cid,
    );
}

function sumLetters(db: Database): void {
  const update = db.query("UPDATE deadletter SET sum = ? WHERE n = ?");
  const page = db.query<LetterColumns & { readonly n: number }, [number]>(
    "SELECT * FROM deadletter WHERE n > ? ORDER BY n LIMIT 500",
  );
  for (let rows = page.all(0); rows.length > 0; rows = page.all(rows.at(-1)?.n ?? 0))
    for (const row of rows) update.run(letterSum(row), row.n);
}

/** The requests of that time, spelled out: definitions change, a step does not. */
const REQUESTS = [
  { name: "Q_CURIOSITY_INVESTIGATE", answering: "investigation-consumer", limitMs: 600_000 },
  { name: "Q_DREAM_TRIGGER", answering: "dream-consumer", limitMs: 1_800_000 },
] as const;

/** What is open at its worker is armed, as if it had just been said: the next grant starts it. */
function armWaiting(db: Database, { name, answering, limitMs }: (typeof REQUESTS)[number]): void {
  db.query(
    `INSERT INTO deadline SELECT s.seq, ?3, 0, 0, 0, NULL, ${deadlineSum("s.seq", "?3")} ` +
      "FROM delivery d JOIN consumer c USING(cid) JOIN signal s USING(seq) " +
      "WHERE c.name = ?1 AND c.removed_at IS NULL AND d.state <= 1 AND s.name = ?2 ORDER BY s.seq",
  ).run(answering, name, limitMs);
}
