/** `kloros journal version`, `migrate` and `downgrade`: to the form that a program knows, forth, and back with all that came since. */
import { existsSync } from "node:fs";
import { JournalDatabase, JournalError } from "./database.ts";
import { copyOfVersion, lowestBack, migrateBack, type Step, versionOf } from "./migrate.ts";
import { lockJournal } from "./repair/repair.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { checkBeforeStart, withReadOnly } from "./start/start_check.ts";

export interface JournalVersions {
  /** Of the journal; null: there is none yet. */
  readonly found: number | null;
  /** That this program works on. */
  readonly known: number;
  /** The lowest one that this program can take its journal back to. */
  readonly backTo: number;
}

/** What this program knows, journal or not. */
export const JOURNAL_SCHEMA = { version: SCHEMA_VERSION, backTo: lowestBack() } as const;

/** Throws `JournalError`. */
export function journalVersions(path: string): JournalVersions {
  const { version: known, backTo } = JOURNAL_SCHEMA;
  return { found: existsSync(path) ? withReadOnly(path, versionOf) : null, known, backTo };
}

/** Between two versions. */
export interface VersionChange {
  readonly from: number;
  readonly to: number;
  /** Where the journal is kept as it was; null: nothing had to be done. */
  readonly kept: string | null;
}

/**
 * What a bus does when it starts, without a limit of time: a large journal takes longer than a start may.
 * Throws `FileLockHeldError` while a bus runs, `JournalError` for one that a bus would not start on.
 */
export function migrateJournal(path: string): VersionChange {
  const lock = lockJournal(path, "kloros-journal-migrate");
  try {
    const { found, known } = journalVersions(path);
    if (found === null) throw new JournalError("lost", `there is no journal ${path}`);
    checkBeforeStart(path);
    const db = new JournalDatabase(path);
    db.emptyWal();
    db.close();
    return { from: found, to: known, kept: found === known ? null : copyOfVersion(path, found) };
  } finally {
    lock.release();
  }
}

/**
 * Takes the journal back to schema version `to`, for an older program. Nothing is lost; a journal that has that version
 * already, or a lower one, is left alone. Throws `FileLockHeldError` while a bus runs, `JournalError` when there is no way.
 */
export function downgradeJournal(path: string, to: number, steps?: readonly Step[]): VersionChange {
  const lock = lockJournal(path, "kloros-journal-downgrade");
  try {
    const { found } = journalVersions(path);
    if (found === null) throw new JournalError("lost", `there is no journal ${path}`);
    if (found <= to) return { from: found, to: found, kept: null };
    refuseImpossible(path, found, to, lowestBack(steps));
    // A journal that its own program would not start on is not made another one.
    checkBeforeStart(path);
    const db = new JournalDatabase(path);
    try {
      migrateBack(db.handle, path, to, steps);
      db.emptyWal();
    } finally {
      db.close();
    }
    return { from: found, to, kept: copyOfVersion(path, found) };
  } finally {
    lock.release();
  }
}

function refuseImpossible(path: string, found: number, to: number, backTo: number): void {
  if (found > SCHEMA_VERSION)
    throw new JournalError(
      "schema",
      `${path} has schema version ${found}, this program knows ${SCHEMA_VERSION}: the release that wrote it knows the way back`,
    );
  if (to >= backTo && Number.isInteger(to)) return;
  throw new JournalError(
    "schema",
    `there is no way back from schema version ${found} to ${to} that loses nothing: it ends at ${backTo}. ` +
      `To go there all the same and lose what came since, put back a copy of that version with \`kloros journal restore\` of the older program`,
  );
}
