/** The SQLite file of decisions: its tables, and a connection that writes. One process writes it, any may read. */
import { Database } from "bun:sqlite";

const APPLICATION_ID = 0x6b6c7264;
const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE IF NOT EXISTS decision (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  signal_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  emits TEXT NOT NULL,
  about_id TEXT,
  trigger_id TEXT,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS decision_signal ON decision (signal_id);
CREATE INDEX IF NOT EXISTS decision_emits ON decision (emits, n, at);
CREATE INDEX IF NOT EXISTS decision_about ON decision (about_id) WHERE about_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS decision_trigger ON decision (trigger_id) WHERE trigger_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS in_force (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  since INTEGER NOT NULL,
  hash TEXT NOT NULL,
  source TEXT NOT NULL,
  rules TEXT NOT NULL
);
`;

/** Creates it when it is not there. Throws SQLite's error. */
export function openLogFile(path: string): Database {
  const database = new Database(path, { create: true });
  try {
    database.run("PRAGMA journal_mode = WAL");
    // What is decided has to be on disk before the trigger is.
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA busy_timeout = 2000");
    database.run(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
    database.run(`PRAGMA user_version = ${String(SCHEMA_VERSION)}`);
    database.run(TABLES);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The file itself is broken, as opposed to a full disk or one that is not allowed. */
export function isDamage(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}
