/** The start of a bus on its journal, in order: the lock, a look at the file, what is damaged set aside, a new epoch. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FileLock, acquireFileLock } from "@kloros/file-lock";
import { CommitMark } from "../commit_mark.ts";
import { type Consumer, loadConsumers } from "../consumers.ts";
import { JournalDatabase, translate } from "../database.ts";
import { markPathOf, readMark } from "./high_water.ts";
import { IdMemo } from "../upkeep/id_memo.ts";
import { readMeta, startEpoch } from "../meta.ts";
import { checkBeforeStart } from "./start_check.ts";
import { versionOf } from "../migrate.ts";
import { setAsideAtStart } from "./start_damage.ts";
import { undoHalfTaken } from "../repair/take_place.ts";

export interface OpenJournal {
  readonly db: JournalDatabase;
  readonly lock: FileLock | undefined;
  readonly epoch: number;
  readonly nextSeq: number;
  readonly consumers: readonly Consumer[];
  readonly memo: IdMemo;
  readonly mark: CommitMark;
  /** Rows that were found damaged and set aside. */
  readonly damaged: number;
  /** Every page and row was looked at. */
  readonly checkedWhole: boolean;
}

/**
 * What a loss of power left half done. SQLite's rollback journal stands beside a journal only while that is made or gets its
 * write-ahead log, so before its mark; to take it back is to write, which the check must not.
 */
function finishInterrupted(path: string): void {
  undoHalfTaken(path);
  if (!existsSync(`${path}-journal`) || readMark(markPathOf(path)) !== undefined) return;
  try {
    const db = new Database(path, { create: true, strict: true });
    versionOf(db);
    db.close();
  } catch (error) {
    throw translate(error, path);
  }
}

/** Throws `FileLockHeldError`, `JournalError`; nothing stays open then. */
export function openJournal(
  path: string,
  wallMs: number,
  open = (file: string) => new JournalDatabase(file),
): OpenJournal {
  const lock =
    path === ":memory:" ? undefined : acquireFileLock(join(dirname(path), "journal.lock"), "chemical-bus");
  let db: JournalDatabase | undefined;
  try {
    if (lock !== undefined) finishInterrupted(path);
    const { damaged, complete: checkedWhole } = checkBeforeStart(path);
    db = open(path);
    setAsideAtStart(db, damaged, wallMs);
    const epoch = startEpoch(db);
    const nextSeq = readMeta(db, "next_seq", 1);
    return {
      db,
      lock,
      epoch,
      nextSeq,
      consumers: loadConsumers(db),
      memo: new IdMemo(db),
      mark: new CommitMark(db, epoch, nextSeq - 1),
      damaged: damaged.length,
      checkedWhole,
    };
  } catch (error) {
    db?.close();
    lock?.release();
    throw error;
  }
}
