/**
 * From the schema version that a journal has to the one that this program knows: one step a version, each in a transaction of
 * its own, so that a journal always has exactly one version, whenever the power fails. A new journal takes the same steps.
 *
 * Back to an older program: it refuses the newer journal by name. `<journal>.v<N>` beside it is the copy that was made before
 * the first step.
 */
import { Database } from "bun:sqlite";
import { dirname } from "node:path";
import { toVersion1 } from "./migrations/to_version_1.ts";
import { toVersion2 } from "./migrations/to_version_2.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { removeJournal, sync } from "./take_place.ts";

type Step = (db: Database) => void;

/** Step n leads from version n to n + 1; there are `SCHEMA_VERSION`. */
const STEPS: readonly Step[] = [toVersion1, toVersion2];

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
  for (const [index, step] of STEPS.entries()) {
    if (index < found) continue;
    db.transaction(() => {
      step(db);
      db.run(`PRAGMA user_version = ${index + 1}`);
    }).immediate();
  }
}

/** On disk before the first step: without it there is no way back. One that was not finished is made anew. */
function keepCopy(db: Database, copy: string): void {
  removeJournal(copy);
  db.query("VACUUM INTO ?").run(copy);
  sync(copy);
  sync(dirname(copy));
}

/** Tables and indexes as a journal of this version has them, by name. A version that is not known has none. */
export function schemaOfVersion(version: number): readonly string[] {
  const db = new Database(":memory:");
  try {
    for (const step of STEPS.slice(0, version)) step(db);
    return readSchema(db);
  } finally {
    db.close();
  }
}

export function readSchema(db: Database): string[] {
  return db
    .query<{ text: string }, []>(
      "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') AS text FROM sqlite_schema ORDER BY name",
    )
    .all()
    .map(({ text }) => text);
}
