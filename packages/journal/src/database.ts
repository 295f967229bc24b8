/**
 * The journal's SQLite file: opened here, and nowhere touched except through SQLite (closing the file any other
 * way would drop SQLite's locks).
 *
 * Invariants: one writer; `synchronous=FULL`, so a returned commit is on disk; a transaction that throws leaves
 * the database as it was.
 */
import { chmodSync, closeSync, existsSync, openSync, readSync } from "node:fs";
import { Database, type Statement, SQLiteError } from "bun:sqlite";
import { copyOfVersion, migrate, otherTables, versionOf } from "./migrate.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** The disk is full: retryable, nothing was written. */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
}

/** The journal can't be used: `code` says why, the text what to do. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code: "corrupt" | "io" | "schema" | "lost";
  constructor(code: JournalError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What helps with a damaged journal: a text of a `JournalError`. */
export const REPAIR =
  "`kloros journal repair` keeps this file, saves what is intact into a new one and lists what is lost";

/** A WAL beyond this is checkpointed by the next commit, pages of 4 KiB: bounds what one flip in it can cut off. */
const WAL_PAGES = 2000;

/** Somebody else's tool may hold SQLite's write lock for a moment (a checkpoint by hand): waited for, not fatal, ms. */
const BUSY_MS = 2000;

export class JournalDatabase {
  readonly path: string;
  readonly handle: Database;
  readonly #statements = new Map<string, Statement>();
  readonly #begin;
  readonly #commit;
  readonly #rollback;

  /** `handle`: a journal that is open already. */
  constructor(path: string, handle = openHandle(path)) {
    this.path = path;
    this.handle = handle;
    this.#begin = this.handle.prepare("BEGIN IMMEDIATE");
    this.#commit = this.handle.prepare("COMMIT");
    this.#rollback = this.handle.prepare("ROLLBACK");
  }

  /** A prepared statement, kept. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.handle.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `work` in one transaction. Throws `JournalFullError` or `JournalError` after rolling back. */
  transaction<T>(work: () => T): T {
    try {
      this.#begin.run();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      if (this.handle.inTransaction) this.#rollback.run();
      throw translate(error, this.path);
    }
  }

  /**
   * Brings all of the write-ahead log into the file and empties it. False: somebody reads from it or brings it over just
   * now, and SQLite lets nobody wait for the latter.
   */
  emptyWal(): boolean {
    try {
      this.handle.run("PRAGMA busy_timeout = 0");
      const [[busy] = []] = this.handle.query("PRAGMA wal_checkpoint(TRUNCATE)").values();
      return busy === 0;
    } catch (error) {
      const translated = translate(error, this.path);
      if (translated instanceof JournalError && !/SQLITE_(BUSY|LOCKED)/.test(translated.message))
        throw translated;
      return false;
    } finally {
      this.handle.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    }
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    for (const statement of [this.#begin, this.#commit, this.#rollback]) statement.finalize();
    this.handle.close();
  }
}

/** What was said is nobody else's business: the file and those that SQLite puts beside it are its owner's alone. */
function openHandle(path: string): Database {
  const umask = process.umask(0o077);
  try {
    return openPrivately(path);
  } finally {
    process.umask(umask);
  }
}

function openPrivately(path: string): Database {
  try {
    const handle = new Database(path, { create: true, strict: true });
    handle.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    handle.run("PRAGMA journal_mode = WAL");
    handle.run("PRAGMA synchronous = FULL");
    handle.run(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    handle.run("PRAGMA cache_size = -16384");
    handle.run("PRAGMA temp_store = MEMORY");
    bringUpToDate(handle, path);
    // One that an earlier version made.
    for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
    return handle;
  } catch (error) {
    throw translate(error, path);
  }
}

/** A newer one is left as it is. */
function bringUpToDate(handle: Database, path: string): void {
  const found = versionOf(handle);
  if (found === SCHEMA_VERSION) return;
  if (found > SCHEMA_VERSION) {
    const copy = copyOfVersion(path, SCHEMA_VERSION);
    const instead = existsSync(copy)
      ? ` and put ${copy} in its place, the copy from before (what came later is not in it)`
      : "";
    const doubt =
      otherTables(handle, SCHEMA_VERSION).length === 0
        ? `. Its tables are those of version ${SCHEMA_VERSION}: if no newer program was ever here, the number is damaged. ${REPAIR}`
        : "";
    throw new JournalError(
      "schema",
      `${path} has schema version ${found}, this program knows ${SCHEMA_VERSION}: it was written by a newer one; start that one, or move the file away${instead}${doubt}`,
    );
  }
  migrate(handle, path, found);
}

/** What stands in the file cannot be; a page that is behind its end is among that. */
export function isDamage(error: SQLiteError): boolean {
  return /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/.test(error.code ?? "");
}

/** Where a file's header says in which format it is written, and the newest that there is: beyond it SQLite only reads. */
const WRITE_FORMAT_AT = 18;
const WRITE_FORMAT_MAX = 2;

function hasForeignFormat(path: string): boolean {
  const format = Buffer.alloc(1);
  const file = openSync(path, "r");
  readSync(file, format, 0, 1, WRITE_FORMAT_AT);
  closeSync(file);
  return format.readUInt8(0) > WRITE_FORMAT_MAX;
}

/** SQLite's errors in the words of this package. */
export function translate(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const code = error.code ?? "";
  if (code.startsWith("SQLITE_FULL")) {
    return new JournalFullError(`no space left for the journal ${path}; free some, nothing was lost`, {
      cause: error,
    });
  }
  if (isDamage(error)) return damaged(path, error.message, error);
  if (code === "SQLITE_READONLY" && hasForeignFormat(path))
    return damaged(path, "its header names a format to write that is none of SQLite's", error);
  // The statement was at fault, not the file: a bug in one operation.
  if (/^SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code)) return error;
  return new JournalError(
    "io",
    `the journal ${path} can't be used: ${code} ${error.message}; check the disk and the permissions`,
    { cause: error },
  );
}

function damaged(path: string, what: string, cause: SQLiteError): JournalError {
  return new JournalError("corrupt", `the journal ${path} is damaged: ${what}. ${REPAIR}`, { cause });
}
