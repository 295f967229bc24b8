/** What a migration would do to a journal, tried on a copy of it. */
import { dirname } from "node:path";
import { type AuditReport, auditNow } from "./audit/audit.ts";
import { JournalDatabase, JournalError } from "./database.ts";
import { downgradeJournal, JOURNAL_SCHEMA, journalVersions } from "./downgrade.ts";
import { structureFlaws } from "./start/start_check.ts";

export interface Rehearsal {
  readonly from: number;
  readonly to: number;
  /** Whether the way back was gone too. */
  readonly back: boolean;
  readonly signals: number;
}

/**
 * Brings the copy up to date, proves that it adds up, and takes it back where there is a way. The copy has a directory of its
 * own and is left as that made it. Throws `JournalError` with what is wrong.
 */
export function rehearseMigration(copy: string): Rehearsal {
  const { found, known, backTo } = journalVersions(copy);
  if (found === null) throw new JournalError("lost", `there is no copy of a journal in ${dirname(copy)}`);
  const { signals } = migrateCopy(copy);
  const back = found >= backTo;
  if (back) downgradeJournal(copy, found);
  return { from: found, to: known, back, signals };
}

function migrateCopy(copy: string): AuditReport {
  const db = new JournalDatabase(copy);
  try {
    const report = auditNow(db.handle);
    const wrong = [...structureFlaws(db.handle), ...report.differences];
    if (wrong.length > 0)
      throw new JournalError(
        "corrupt",
        `on a copy, the step to schema version ${JOURNAL_SCHEMA.version} left a journal that does not add up: ${wrong.slice(0, 5).join("; ")}`,
      );
    return report;
  } finally {
    db.close();
  }
}
