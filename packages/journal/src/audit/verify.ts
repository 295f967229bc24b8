/** `verify` and `audit`: what is wrong with a journal, read-only, while the bus runs or not. */
import { existsSync } from "node:fs";
import { type AuditReport, auditSlowly } from "./audit.ts";
import { JournalError } from "../database.ts";
import { markPathOf, missingSince, readMark } from "../start/high_water.ts";
import { versionOf } from "../migrate.ts";
import { SCHEMA_VERSION } from "../schema.ts";
import { markIn, openReadOnly, readError, structureFlaws } from "../start/start_check.ts";

export interface VerifyReport extends AuditReport {
  /** What SQLite finds, in its words. */
  readonly structure: readonly string[];
  /** What is missing by the mark; null: nothing. */
  readonly missing: string | null;
}

/** Between two pages: the bus gets the processor, and its write-ahead log can begin anew. */
const REST_MS = 1;

/** Conservation, checksums, damage. Throws `JournalError` for a file that cannot be read at all. */
export async function auditJournal(path: string): Promise<AuditReport> {
  return withJournal(path, (db) => auditSlowly(db, () => Bun.sleep(REST_MS)));
}

/** The same, and SQLite's own check of every page and index before. */
export async function verifyJournal(path: string): Promise<VerifyReport> {
  return withJournal(path, async (db) => {
    // The mark first: a bus that runs goes on meanwhile.
    const mark = readMark(markPathOf(path));
    const missing = missingSince(mark, markIn(db)) ?? null;
    const structure = structureFlaws(db);
    const report = await auditSlowly(db, () => Bun.sleep(REST_MS)).catch((error: unknown) =>
      unreadable(error),
    );
    return { ...report, structure, missing, ok: report.ok && structure.length === 0 && missing === null };
  });
}

function unreadable(error: unknown): AuditReport {
  const text = error instanceof Error ? error.message : String(error);
  const nothing = { signals: 0, undelivered: 0, lastSeq: 0, consumers: [], damaged: [], setAside: [] };
  return { ...nothing, ok: false, differences: [`its rows cannot be read: ${text}`] };
}

async function withJournal<T>(
  path: string,
  work: (db: ReturnType<typeof openReadOnly>) => Promise<T>,
): Promise<T> {
  if (!existsSync(path)) throw new JournalError("lost", `there is no journal ${path}`);
  const db = openReadOnly(path);
  try {
    const version = versionOf(db);
    if (version !== SCHEMA_VERSION)
      throw new JournalError(
        "schema",
        `${path} has schema version ${version}, this program reads ${SCHEMA_VERSION}: a start of the bus of this version brings an older one up to date`,
      );
    return await work(db);
  } catch (error) {
    throw readError(error, path);
  } finally {
    db.close();
  }
}
