/**
 * Keeps every evaluation. It must never stop the engine from deciding: a damaged file is set aside by name and a new one
 * begun, any other trouble is told and counted, and tried again with the next decision.
 *
 * A decision is kept before it is committed, so the last one may never have been. Its signal is delivered again, and its
 * rows replace the earlier ones; or a newer signal took its place, and then `settle` takes back what did not happen.
 */
import type { Database } from "bun:sqlite";
import { chmodSync, existsSync, renameSync } from "node:fs";
import { messageOf } from "@kloros/daemon";
import type { Logger } from "@kloros/daemon";
import type { RuleSet } from "../rules/rule.ts";
import { summarize } from "../rules/summarize.ts";
import type { DecisionRecord } from "./decision_record.ts";
import { isDamage, openLogFile } from "./log_file.ts";

export interface DecisionLogOptions {
  readonly log: Pick<Logger, "error" | "warn">;
  /** Evaluations are kept so long, ms … */
  readonly ageMsMax: number;
  /** … and so many … */
  readonly rowsMax: number;
  /** … and so much: one may name a hundred subjects. Default 256 MiB. */
  readonly bytesMax?: number;
  /** UTC ms. */
  readonly wallMs: () => number;
}

export interface DecisionLog {
  /** Before a signal is judged: forgets firings of the signal before it that were not committed. */
  settle(wasCommitted: (fired: DecisionRecord) => boolean): void;
  /** All of one signal. On disk when it returns, unless there is trouble. */
  record(records: readonly DecisionRecord[]): void;
  /** These rules are in force from now on; told again at a start, it changes nothing. */
  inForce(ruleSet: RuleSet): void;
  /** Why decisions are not kept at the moment; undefined: they are. */
  readonly trouble: string | undefined;
  close(): void;
}

/** Rows that one look for old ones may take away: a few milliseconds. */
const PURGE_ROWS_MAX = 500;
/** Decisions between two looks for old ones; fewer than a look takes away. */
const PURGE_EVERY = 100;
const RULE_SETS_MAX = 200;
const BYTES_MAX = 256 * 1024 * 1024;

export function openDecisionLog(path: string, options: DecisionLogOptions): DecisionLog {
  let database: Database | undefined;
  let trouble: string | undefined;
  let sincePurge = 0;
  let rules: RuleSet | undefined;
  /** Firings that were kept last; undefined: not known since the start. */
  let unsettled: readonly DecisionRecord[] | undefined;

  function attempt(task: (open: Database) => void): void {
    try {
      database ??= openFresh(path);
      task(database);
      trouble = undefined;
    } catch (error) {
      if (isDamage(error)) beginAnew(error, task);
      else tell(error);
    }
  }

  function beginAnew(damage: unknown, task: (open: Database) => void): void {
    try {
      closeQuietly(database);
      database = undefined;
      const aside = setAside(path, options.wallMs());
      options.log.error(
        { file: path, aside, error: damage },
        "the decision log is damaged: set aside, a new one begun",
      );
      database = openFresh(path);
      if (rules !== undefined) writeRules(database, rules, options.wallMs());
      task(database);
      trouble = undefined;
    } catch (error) {
      tell(error);
    }
  }

  function tell(error: unknown): void {
    const text = messageOf(error);
    closeQuietly(database);
    database = undefined;
    if (trouble === undefined) options.log.error({ file: path, error }, "decisions are made and not kept");
    trouble = `decisions are not kept in ${path}: ${text}`;
  }

  return {
    settle: (wasCommitted) => {
      if (unsettled?.length === 0) return;
      attempt((open) => {
        const lost = (unsettled ?? lastFirings(open)).filter((fired) => !wasCommitted(fired));
        const forget = open.query(
          "DELETE FROM decision WHERE signal_id = ? AND rule = ? AND outcome = 'fired'",
        );
        for (const { signalId, rule } of lost) forget.run(signalId, rule);
        unsettled = [];
      });
    },
    record: (records) => {
      if (records.length === 0) return;
      unsettled = records.filter(({ outcome }) => outcome === "fired");
      attempt((open) => {
        writeRecords(open, records);
        sincePurge += records.length;
        if (sincePurge >= PURGE_EVERY) {
          sincePurge = 0;
          purge(open, options);
        }
      });
    },
    inForce: (ruleSet) => {
      rules = ruleSet;
      attempt((open) => writeRules(open, ruleSet, options.wallMs()));
    },
    get trouble() {
      return trouble;
    },
    close: () => {
      closeQuietly(database);
      database = undefined;
    },
  };
}

function openFresh(path: string): Database {
  const database = openLogFile(path);
  // It holds what signals said: for this user's eyes.
  chmodSync(path, 0o600);
  return database;
}

function closeQuietly(database: Database | undefined): void {
  try {
    database?.close();
  } catch {
    // A damaged file may not even be closed properly.
  }
}

function setAside(path: string, wallMs: number): string {
  const stamp = new Date(wallMs).toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.damaged-${stamp}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}

const INSERT =
  "INSERT INTO decision (signal_id, rule, at, outcome, emits, about_id, trigger_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

function writeRecords(open: Database, records: readonly DecisionRecord[]): void {
  const forget = open.query("DELETE FROM decision WHERE signal_id = ?");
  const insert = open.query(INSERT);
  open.transaction(() => {
    for (const id of new Set(records.map(({ signalId }) => signalId))) forget.run(id);
    for (const record of records) {
      const { signalId, rule, atMs, outcome, emits, aboutId = null, triggerId = null } = record;
      insert.run(signalId, rule, atMs, outcome, emits, aboutId, triggerId, JSON.stringify(record));
    }
  })();
}

/** Those of the signal that was judged last. */
function lastFirings(open: Database): readonly DecisionRecord[] {
  const rows = open
    .query<{ body: string }, []>(
      `SELECT body FROM decision WHERE outcome = 'fired'
       AND signal_id = (SELECT signal_id FROM decision ORDER BY n DESC LIMIT 1)`,
    )
    .all();
  return rows.map(({ body }) => JSON.parse(body) as DecisionRecord);
}

function writeRules(open: Database, ruleSet: RuleSet, wallMs: number): void {
  const last = open
    .query<{ hash: string; source: string }, []>("SELECT hash, source FROM in_force ORDER BY n DESC LIMIT 1")
    .get();
  if (last !== null && last.hash === ruleSet.hash && last.source === ruleSet.source) return;
  const rules = JSON.stringify(ruleSet.rules.map(summarize));
  open.transaction(() => {
    open
      .query("INSERT INTO in_force (since, hash, source, rules) VALUES (?, ?, ?, ?)")
      .run(wallMs, ruleSet.hash, ruleSet.source, rules);
    open.query("DELETE FROM in_force WHERE n <= (SELECT max(n) FROM in_force) - ?").run(RULE_SETS_MAX);
  })();
}

/** In the order in which they were written, so that a step of the wall clock does not take what is new. */
function purge(open: Database, options: DecisionLogOptions): void {
  const { ageMsMax, rowsMax, bytesMax = BYTES_MAX, wallMs } = options;
  open
    .query(
      `DELETE FROM decision WHERE n IN (
         SELECT n FROM (SELECT n, at FROM decision ORDER BY n LIMIT ?1)
         WHERE at < ?2 OR n <= (SELECT max(n) FROM decision) - ?3 OR ?4)`,
    )
    .run(PURGE_ROWS_MAX, wallMs() - ageMsMax, rowsMax, usedBytes(open) > bytesMax);
}

/** What was forgotten leaves pages that are used again. */
function usedBytes(open: Database): number {
  const row = open
    .query<{ used: number }, []>(
      `SELECT (page_count - freelist_count) * page_size AS used
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    )
    .get();
  return row?.used ?? 0;
}
