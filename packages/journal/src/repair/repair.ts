/**
 * `repair`: a new journal from what is intact of a damaged one. The damaged one is kept, under a name with the time.
 *
 * Order, so that a repair that dies can be said again: the damaged files are copied and synced, the new journal is made
 * whole beside them, then takes their place, then the mark says how far it goes.
 */
import { constants, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { acquireFileLock } from "@kloros/file-lock";
import { type AuditReport, auditNow, sayDamaged } from "../audit/audit.ts";
import { JournalDatabase, JournalError } from "../database.ts";
import { HighWater, markPathOf, readMark } from "../start/high_water.ts";
import { openImage } from "./journal_image.ts";
import type { Losses } from "./losses.ts";
import { mend } from "./mend.ts";
import { salvage } from "./salvage.ts";
import { checkBeforeStart, markIn, structureFlaws } from "../start/start_check.ts";
import { freshPathOf, removeJournal, sync, takePlace, undoHalfTaken } from "./take_place.ts";

export interface RepairReport extends Losses {
  /** What was found before anything was done, in words: why a bus did not start, which frames of the log are damaged. */
  readonly damage: readonly string[];
  /** Where the damaged journal is kept. */
  readonly kept: string;
  /** Rows, cells and log frames that did not match their checksum. */
  readonly broken: number;
  /** Of the new journal. */
  readonly audit: AuditReport;
}

export interface RepairOptions {
  /** UTC, ms. */
  readonly nowMs: number;
  /** A damaged journal kept earlier, instead of the one in place. */
  readonly from?: string;
}

export function lockJournal(path: string, who: string): { release(): void } {
  return acquireFileLock(join(dirname(path), "journal.lock"), who);
}

/** Throws `FileLockHeldError` while a bus runs, `JournalError` when there is nothing to repair. */
export function repairJournal(path: string, options: RepairOptions): RepairReport {
  const lock = lockJournal(path, "kloros journal repair");
  try {
    return repair(path, options);
  } finally {
    lock.release();
  }
}

function repair(path: string, { nowMs, from = path }: RepairOptions): RepairReport {
  undoHalfTaken(path);
  const mark = readMark(markPathOf(path));
  if (!existsSync(from)) {
    // Gone, but there was one: what its log holds is saved, and the rest is named by its mark.
    const wasThere = from === path && (mark !== undefined || existsSync(`${path}-wal`));
    if (!wasThere) throw new JournalError("lost", `there is no journal ${from} to repair`);
    writeFileSync(path, "", { mode: 0o600 });
  }
  // Before anything opens it.
  const kept = keepAside(path, from, nowMs);
  const damage = flawsOf(from);
  const fresh = freshPathOf(path, "repair");
  removeJournal(fresh);
  const image = openImage(kept);
  const db = new JournalDatabase(fresh);
  try {
    const result = db.transaction(() => {
      const found = salvage(image, db);
      const { notes, ...losses } = mend(db, found, mark, nowMs);
      const all = listed([...notes, ...image.lostFrames.map(lostFrame)]);
      return { ...losses, notes: all, broken: found.broken };
    });
    const audit = auditNow(db.handle);
    const flaws = structureFlaws(db.handle);
    if (flaws.length > 0)
      throw new JournalError("corrupt", `the repaired journal is not sound: ${flaws.join("; ")}`);
    db.emptyWal();
    const reached = markIn(db.handle);
    db.close();
    takePlace(fresh, path);
    const water = new HighWater(markPathOf(path));
    water.write(reached);
    water.close();
    const frames = listed(image.brokenFrames.map(brokenFrame));
    return { damage: [...damage, ...frames], ...result, kept, audit };
  } finally {
    image.close();
  }
}

/** Why a bus does not start, or what it would set aside. */
function flawsOf(path: string): string[] {
  try {
    return checkBeforeStart(path).damaged.map(sayDamaged);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return [error.message];
  }
}

/** Somebody reads them. */
const LISTED_MAX = 1000;

function listed(all: readonly string[]): readonly string[] {
  const more = all.length - LISTED_MAX;
  return more <= 0 ? all : [...all.slice(0, LISTED_MAX), `and ${more} more of the kind`];
}

const brokenFrame = (n: number): string => `frame ${n} of the write-ahead log does not match its checksum`;
const lostFrame = (n: number): string =>
  `frame ${n} of the write-ahead log says nothing: what it changed, and nothing after it, is as it was before`;

const DATE = (nowMs: number): string =>
  new Date(nowMs)
    .toISOString()
    .replaceAll(":", "")
    .replace(/\.\d+Z$/, "Z");

/** Where a journal goes that makes room: `journal.db.damaged-2026-01-31T120000Z`, and its log. */
export function keepAside(path: string, from: string, nowMs: number, why = "damaged"): string {
  let kept = `${path}.${why}-${DATE(nowMs)}`;
  for (let n = 2; existsSync(kept); n++) kept = `${path}.${why}-${DATE(nowMs)}-${n}`;
  for (const end of ["", "-wal", "-journal"]) {
    if (!existsSync(`${from}${end}`)) continue;
    copyFileSync(`${from}${end}`, `${kept}${end}`, constants.COPYFILE_FICLONE);
    sync(`${kept}${end}`);
  }
  sync(dirname(path));
  return kept;
}
