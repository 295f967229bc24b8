/**
 * From the schema version that a journal has to the one that this program knows: one step a version, each in a transaction of
 * its own, so that a journal always has exactly one version, whenever the power fails. A new journal takes the same steps.
 * `<journal>.v<N>` beside it is the copy that was made before the first step.
 *
 * Back to an older program: it refuses the newer journal by name, so a program that knows both takes it back first
 * (downgrade.ts), by the steps' ways back. A step has one only where nothing that was acknowledged is lost by it; a release
 * with a step that has none says so before it is switched to.
 */
import { Database } from "bun:sqlite";
import { dirname } from "node:path";
import { toVersion1 } from "./migrations/to_version_1.ts";
import { toVersion2 } from "./migrations/to_version_2.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { removeJournal, sync } from "./repair/take_place.ts";

export interface Step {
  /** From version n to n + 1. */
  readonly forth: (db: Database) => void;
  /** From n + 1 to n, with all signals, deliveries and states that came since. Leaves the tables exactly as version n made them. */
  readonly back?: (db: Database) => void;
}

/** Step n leads from version n to n + 1; there are `SCHEMA_VERSION`. */
const STEPS: readonly Step[] = [
  { forth: toVersion1 },
  // No way back: what keeps ids of purged signals from being stored twice would be forgotten.
  { forth: toVersion2 },
];

/** The lowest version that a journal of `SCHEMA_VERSION` can be taken back to; itself when there is no way back. */
export function lowestBack(steps: readonly Step[] = STEPS): number {
  return steps.findLastIndex(({ back }) => back === undefined) + 1;
}

export function versionOf(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

/** Also what stands beside the journal for an older program to go back to. */
export function copyOfVersion(path: string, version: number): string {
  return `${path}.v${version}`;
}

/** `found` is at most `SCHEMA_VERSION`. Throws what SQLite throws; the version is then that of the last whole step. */
export function migrate(db: Database, path: string, found: number): void {
  if (found > 0 && found < SCHEMA_VERSION && path !== ":memory:") keepCopy(db, copyOfVersion(path, found));
  for (const [index, { forth }] of STEPS.entries()) {
    if (index < found) continue;
    db.transaction(() => {
      forth(db);
      db.run(`PRAGMA user_version = ${index + 1}`);
    }).immediate();
  }
}

/**
 * Takes a journal back to version `to`, all of it or nothing. The copy of before stays beside it.
 * Throws what SQLite throws, and an `Error` when a step leaves other tables than version `to` has.
 */
export function migrateBack(db: Database, path: string, to: number, steps: readonly Step[] = STEPS): void {
  const found = versionOf(db);
  keepCopy(db, copyOfVersion(path, found));
  db.transaction(() => {
    for (const { back } of steps.slice(to, found).toReversed()) back?.(db);
    const other = otherTables(db, to, steps);
    if (other.length > 0)
      throw new Error(`the way back to version ${to} leaves other tables: ${other.join(" / ")}`);
    db.run(`PRAGMA user_version = ${to}`);
  }).immediate();
}

/**
 * On disk before the first step: without it there is no way back. One that was not finished is made anew.
 * Its owner's alone, as the journal.
 */
function keepCopy(db: Database, copy: string): void {
  removeJournal(copy);
  const umask = process.umask(0o077);
  try {
    db.query("VACUUM INTO ?").run(copy);
  } finally {
    process.umask(umask);
  }
  sync(copy);
  sync(dirname(copy));
}

/** Tables and indexes as a journal of this version has them, by name. A version that is not known has none. */
export function schemaOfVersion(version: number, steps: readonly Step[] = STEPS): readonly string[] {
  const db = new Database(":memory:");
  try {
    for (const { forth } of steps.slice(0, version)) forth(db);
    return readSchema(db);
  } finally {
    db.close();
  }
}

/** Where its tables are not those of a version; empty: they are. */
export function otherTables(db: Database, version: number, steps: readonly Step[] = STEPS): string[] {
  const [found, expected] = [readSchema(db), schemaOfVersion(version, steps)];
  return found
    .filter((text) => !expected.includes(text))
    .concat(expected.filter((text) => !found.includes(text)));
}

export function readSchema(db: Database): string[] {
  return db
    .query<{ text: string }, []>(
      "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') AS text FROM sqlite_schema ORDER BY name",
    )
    .all()
    .map(({ text }) => text);
}
