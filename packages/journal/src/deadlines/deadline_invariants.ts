/** What must hold of deadlines after every transaction: one closing state each; fired ⇔ exactly one timeout. */
import type { Database } from "bun:sqlite";
import { type DeadlineRow, wholeSum } from "./deadline_rows.ts";
import { highestPurged } from "../upkeep/id_memo.ts";
import { requestsTo } from "../requests.ts";
import { ANSWERED, ARMED, FIRED, RUNNING, WAITING, WITHDRAWN } from "../schema.ts";

type Row = DeadlineRow & { readonly answer: number; readonly timeouts: number };

const TIMEOUTS =
  "SELECT json_extract(body, '$.cause') AS cause, count(*) AS n FROM signal WHERE name IN ('Q_INVESTIGATION_TIMEOUT', 'Q_DREAM_TIMEOUT') GROUP BY cause";
const ROWS =
  `WITH said AS (${TIMEOUTS}) SELECT d.*, EXISTS (SELECT 1 FROM signal a WHERE a.seq = d.closed_by) AS answer, coalesce(said.n, 0) AS timeouts ` +
  "FROM deadline d LEFT JOIN signal s ON s.seq = d.request_seq LEFT JOIN said ON said.cause = s.id";
const UNTIMED =
  `SELECT d.seq FROM consumer c JOIN delivery d USING(cid) JOIN signal s USING(seq) LEFT JOIN deadline l ON l.request_seq = d.seq ` +
  `WHERE c.name = ?1 AND c.removed_at IS NULL AND s.name = ?2 AND d.state <= ${WAITING} AND (l.state IS NULL OR l.state = ${WITHDRAWN})`;

export function brokenDeadlines(db: Database): string[] {
  const purged = highestPurged(db);
  return [
    ...db
      .query<Row, []>(ROWS)
      .all()
      .flatMap((row) =>
        flawsOf(row, purged).map((flaw) => `the deadline of request ${row.request_seq} ${flaw}`),
      ),
    ...untimed(db),
  ];
}

/** `purged`: up to here retention may have taken an answer or a timeout, though its request is still needed. */
function flawsOf(row: Row, purged: number): string[] {
  const flaws: string[] = [];
  const must = (holds: boolean, flaw: string): void => void (holds || flaws.push(flaw));
  must(wholeSum(row) === row.sum, "does not match its checksum");
  const said = row.state === FIRED ? 1 : 0;
  must(
    said === row.timeouts || (said > row.timeouts && row.request_seq < purged),
    `is in state ${row.state} with ${row.timeouts} timeouts`,
  );
  must(row.closed_by <= purged || row.answer === 1, `names an answer ${row.closed_by} that is not there`);
  if (row.state === ARMED) must(row.due === 0, "is due before it runs");
  if (row.state === ANSWERED) must(row.closed_by > 0 && row.late_ms === null, "was answered by nothing");
  else if (row.state === FIRED)
    must(row.closed_by > 0 === (row.late_ms !== null), "is late without an answer");
  else must(row.closed_by === 0 && row.late_ms === null, "is open or withdrawn, and was answered");
  must(row.state !== RUNNING || row.due > 0, "runs and is never due");
  return flaws;
}

/** What a consumer may still be given is timed. */
function untimed(db: Database): string[] {
  const consumers = db
    .query<{ name: string }, []>("SELECT name FROM consumer WHERE removed_at IS NULL")
    .all();
  return consumers.flatMap(({ name }) =>
    requestsTo(name).flatMap((kind) =>
      db
        .query<{ seq: number }, [string, string]>(UNTIMED)
        .all(name, kind.name)
        .map(({ seq }) => `request ${seq} waits at ${name} without a deadline`),
    ),
  );
}
