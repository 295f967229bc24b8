/** `backup` and `restore`: a whole journal as one file, taken while the bus runs, and put back when it does not. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type AuditReport, auditNow, sayDamaged } from "../audit/audit.ts";
import { JournalDatabase, JournalError } from "../database.ts";
import { HighWater, markPathOf, readMark } from "../start/high_water.ts";
import { readMeta, writeMeta } from "../meta.ts";
import { keepAside, lockJournal } from "./repair.ts";
import { markIn, structureFlaws, withReadOnly } from "../start/start_check.ts";
import { versionOf } from "../migrate.ts";
import { SCHEMA_VERSION } from "../schema.ts";
import { freshPathOf, removeJournal, sync, takePlace, undoHalfTaken } from "./take_place.ts";

export interface BackupReport {
  readonly target: string;
  readonly signals: number;
  readonly lastSeq: number;
}

/** What a backup holds is one moment of the journal. Throws `JournalError`; an existing target is left alone. */
export function backupJournal(path: string, target: string): BackupReport {
  if (!existsSync(path)) throw new JournalError("lost", `there is no journal ${path}`);
  if (existsSync(target)) throw new JournalError("io", `${target} is there already; name another file`);
  try {
    withReadOnly(path, (db) => db.prepare("VACUUM INTO ?").run(target));
    sync(target);
    // Else a loss of power may bring back SQLite's rollback journal of it, which empties it.
    sync(dirname(target));
    const { signals, lastSeq } = checkBackup(target);
    return { target, signals, lastSeq };
  } catch (error) {
    removeJournal(target);
    throw error;
  }
}

/** Every page and row of it. Throws `JournalError` for one that is not whole. */
function checkBackup(path: string): AuditReport {
  if (!existsSync(path)) throw new JournalError("lost", `there is no backup ${path}`);
  return withReadOnly(path, (db) => {
    const version = versionOf(db);
    const refuse = (why: string): never => {
      throw new JournalError("corrupt", `${path} is no whole backup: ${why}`);
    };
    const flaws = structureFlaws(db);
    if (flaws.length > 0) refuse(flaws.join("; "));
    if (version !== SCHEMA_VERSION)
      refuse(`it has schema version ${version}, this program reads ${SCHEMA_VERSION}`);
    const report = auditNow(db);
    if (!report.ok) refuse([...report.differences, ...report.damaged.map(sayDamaged)].slice(0, 5).join("; "));
    return report;
  });
}

export interface RestoreReport {
  /** Where the journal that was in place is kept; null: there was none. */
  readonly kept: string | null;
  readonly signals: number;
  readonly lastSeq: number;
  /** Signals that were stored since the backup, by the mark; they are in `kept` only. */
  readonly behind: number;
}

/** Throws `FileLockHeldError` while a bus runs, `JournalError` for a backup that is not whole. */
export function restoreJournal(
  path: string,
  backup: string,
  { nowMs }: { readonly nowMs: number },
): RestoreReport {
  const lock = lockJournal(path, "kloros journal restore");
  try {
    const { signals, lastSeq } = checkBackup(backup);
    undoHalfTaken(path);
    const mark = readMark(markPathOf(path));
    const kept = existsSync(path) ? keepAside(path, path, nowMs, "replaced") : null;
    const fresh = freshPathOf(path, "restore");
    removeJournal(fresh);
    // What stands in its write-ahead log is part of it.
    withReadOnly(backup, (db) => db.prepare("VACUUM INTO ?").run(fresh));
    // Never behind the mark, which so stays until the new one is in place.
    const reached = continueNumbers(fresh, mark);
    takePlace(fresh, path);
    const water = new HighWater(markPathOf(path));
    water.write(reached);
    water.close();
    return { kept, signals, lastSeq, behind: Math.max(0, (mark?.seq ?? 0) - lastSeq) };
  } finally {
    lock.release();
  }
}

/** Sequence numbers and epochs that were given out since are not given again. */
function continueNumbers(fresh: string, mark: ReturnType<typeof readMark>): ReturnType<typeof markIn> {
  const db = new JournalDatabase(fresh);
  try {
    db.transaction(() => {
      const most = (key: string, other: number): number => Math.max(readMeta(db, key, 0), other);
      writeMeta(db, "next_seq", most("next_seq", (mark?.seq ?? 0) + 1));
      writeMeta(db, "epoch", most("epoch", mark?.epoch ?? 0));
      writeMeta(db, "commit", most("commit", mark?.commit ?? 0) + 1);
    });
    db.emptyWal();
    return markIn(db.handle);
  } finally {
    db.close();
  }
}
