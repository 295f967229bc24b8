/**
 * What is looked at before a bus starts on a journal: read-only, so that nothing is made worse. Opening the file to
 * write would finish off what a damaged write-ahead log still holds.
 *
 * Invariant: a journal whose structure is damaged, or from which acknowledged transactions are missing, is not started
 * on; rows that are damaged are named, to be set aside.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { type AuditReport, type DamagedAt, auditNow } from "../audit/audit.ts";
import { JournalError, REPAIR, isDamage, translate } from "../database.ts";
import { type Mark, markPathOf, missingSince, readMark } from "./high_water.ts";
import { otherTables, versionOf } from "../migrate.ts";
import { SCHEMA_VERSION } from "../schema.ts";

/** Up to this size a start looks at every page and row (about 4 ms a MiB); beyond it, that is done while it runs, bytes. */
const COMPLETE_BYTES_MAX = 64 * 1024 * 1024;

export interface StartCheck {
  /** To be set aside before anything is delivered. */
  readonly damaged: readonly DamagedAt[];
  /** Every page and row was looked at. */
  readonly complete: boolean;
}

/** Throws `JournalError` with what is wrong and what to do. */
export function checkBeforeStart(path: string): StartCheck {
  if (path === ":memory:") return { damaged: [], complete: true };
  const mark = readMark(markPathOf(path));
  if (!existsSync(path)) {
    refuseEmpty(path);
    refuseMissing(path, mark, { commit: 0, seq: 0, epoch: 0 });
    return { damaged: [], complete: true };
  }
  return withReadOnly(path, (db) => {
    refuseSchema(path, db);
    const complete = sizeOf(path) + sizeOf(`${path}-wal`) <= COMPLETE_BYTES_MAX;
    if (complete) refuseStructure(path, structureFlaws(db));
    refuseMissing(path, mark, markIn(db));
    if (!complete || versionOf(db) !== SCHEMA_VERSION) return { damaged: [], complete };
    const report = auditNow(db);
    if (isUnexplained(report)) refuseDifferences(path, report.differences);
    return { damaged: report.damaged, complete };
  });
}

/** A connection of its own that changes nothing; not even closing it moves the write-ahead log. */
export function withReadOnly<T>(path: string, work: (db: Database) => T): T {
  const umask = process.umask(0o077);
  let db: Database | undefined;
  try {
    db = openReadOnly(path);
    return work(db);
  } catch (error) {
    throw readError(error, path);
  } finally {
    db?.close();
    process.umask(umask);
  }
}

/** All that is done is to read tables that are there: a statement that cannot be understood is damage. */
export function readError(error: unknown, path: string): unknown {
  const translated = translate(error, path);
  if (!(translated instanceof SQLiteError)) return translated;
  return new JournalError("corrupt", `the journal ${path} is damaged: ${translated.message}. ${REPAIR}`, {
    cause: error,
  });
}

/** Throws `JournalError`. The caller closes it. */
export function openReadOnly(path: string): Database {
  refuseEmpty(path);
  try {
    const db = new Database(path, { readonly: true, strict: true });
    db.run("PRAGMA busy_timeout = 2000");
    return db;
  } catch (error) {
    throw translate(error, path);
  }
}

/** SQLite takes an empty file for a new one, and deletes the log beside it, also when it may only read. */
function refuseEmpty(path: string): void {
  if (sizeOf(path) > 0 || sizeOf(`${path}-wal`) === 0) return;
  throw new JournalError(
    "lost",
    `the journal ${path} is empty or gone, but not its write-ahead log. ${REPAIR}`,
  );
}

/** SQLite's own check, indexes included; empty: sound. Of a file that was cut off it may be able to say only that. */
export function structureFlaws(db: Database): string[] {
  try {
    const rows = db.prepare<{ integrity_check: string }, []>("PRAGMA integrity_check(20)").all();
    const texts = rows.map((row) => row.integrity_check);
    return texts.length === 1 && texts[0] === "ok" ? [] : texts;
  } catch (error) {
    if (error instanceof SQLiteError && isDamage(error)) return [error.message];
    throw error;
  }
}

/** How far the journal itself says that it got. */
export function markIn(db: Database): Mark {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() === null)
    return { commit: 0, seq: 0, epoch: 0 };
  const read = (key: string, otherwise: number): number => {
    const row = db.prepare<{ v: unknown }, [string]>("SELECT v FROM meta WHERE k = ?").get(key);
    return typeof row?.v === "number" ? row.v : otherwise;
  };
  return { commit: read("commit", 0), seq: read("next_seq", 1) - 1, epoch: read("epoch", 0) };
}

function refuseMissing(path: string, mark: Mark | undefined, found: Mark): void {
  const missing = missingSince(mark, found);
  if (missing === undefined) return;
  throw new JournalError(
    "lost",
    `the journal ${path} is behind its mark ${markPathOf(path)}: ${missing}. The write-ahead log was damaged, or an older file was put there. ${REPAIR}`,
  );
}

function refuseStructure(path: string, flaws: readonly string[]): void {
  if (flaws.length > 0)
    throw new JournalError("corrupt", `the journal ${path} is damaged: ${flaws.join("; ")}. ${REPAIR}`);
}

/** SQLite believes what stands there: a letter that changed in it would change what is read. */
function refuseSchema(path: string, db: Database): void {
  const version = versionOf(db);
  // A newer one is refused by name, later.
  if (version > SCHEMA_VERSION) return;
  const other = otherTables(db, version);
  if (other.length > 0)
    refuseStructure(path, [
      `its tables are not those of version ${version}: ${other.slice(0, 2).join(" / ")}`,
    ]);
}

/**
 * Counts that do not fit are explained by damaged rows, or by nothing. A delivery that is missing is explained by none: its row
 * may be the damaged one, which then stands under another's number, and setting that aside would lose it.
 */
function isUnexplained({ damaged, differences, undelivered }: AuditReport): boolean {
  return undelivered > 0 || (differences.length > 0 && damaged.length === 0);
}

export function refuseDifferences(path: string, differences: readonly string[]): void {
  if (differences.length > 0)
    throw new JournalError(
      "corrupt",
      `the journal ${path} does not add up: ${differences.slice(0, 5).join("; ")}. ${REPAIR}`,
    );
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
