/** The decision log for readers: the operator's command, tests. Changes nothing. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { messageOf } from "@kloros/daemon";
import type { Installation } from "@kloros/daemon";
import type { Decisions, Emitting, EmittingQuery, RulesInForce, RuleSummary } from "./decision_reader.ts";
import type { DecisionRecord } from "./decision_record.ts";

/** The engine has never kept a decision there. */
export class NoDecisionLogError extends Error {
  override readonly name = "NoDecisionLogError";
}

const ROWS_MAX = 1000;
const EMITTING_LIMIT = 20;

interface BodyRow {
  readonly body: string;
}

interface RulesRow {
  readonly hash: string;
  readonly source: string;
  readonly since: number;
  readonly rules: string;
}

/** Throws a `NoDecisionLogError` when there is none, and an error that names the file when it cannot be read. */
export function openDecisions(paths: Pick<Installation, "decisionLog">): Decisions {
  const path = paths.decisionLog;
  if (!existsSync(path)) {
    throw new NoDecisionLogError(`there is no decision log ${path}: policy-engine has not run on this home`);
  }
  const database = openReading(path);
  const bodies = (sql: string, ...values: (string | number)[]): readonly DecisionRecord[] =>
    reading(path, () =>
      database
        .query<BodyRow, (string | number)[]>(sql)
        .all(...values)
        .map(({ body }) => JSON.parse(body) as DecisionRecord),
    );
  const rulesAt = (atMs: number): RulesInForce | undefined => reading(path, () => inForceAt(database, atMs));
  return {
    bySignal: (id) =>
      bodies(
        `SELECT body FROM decision WHERE signal_id = ?1 OR about_id = ?1 ORDER BY n LIMIT ${String(ROWS_MAX)}`,
        id,
      ),
    byTrigger: (id) =>
      bodies(`SELECT body FROM decision WHERE trigger_id = ? ORDER BY n LIMIT ${String(ROWS_MAX)}`, id),
    emitting: (signalName, query = {}) =>
      emitting(signalName, query, { bodies, rulesAt, since: () => sinceOf(database) }),
    rules: () => rulesAt(Number.MAX_SAFE_INTEGER),
    close: () => database.close(),
  };
}

interface Sources {
  bodies(sql: string, ...values: (string | number)[]): readonly DecisionRecord[];
  rulesAt(atMs: number): RulesInForce | undefined;
  since(): number | undefined;
}

function emitting(signalName: string, query: EmittingQuery, sources: Sources): Emitting {
  const { atMs = Number.MAX_SAFE_INTEGER, limit = EMITTING_LIMIT } = query;
  const records = sources.bodies(
    // In the order in which they were made: the wall clock may have gone back in between.
    "SELECT body FROM decision WHERE emits = ? AND at <= ? ORDER BY n DESC LIMIT ?",
    signalName,
    atMs,
    Math.min(limit, ROWS_MAX),
  );
  const all = sources.rulesAt(atMs);
  const rules =
    all === undefined ? undefined : { ...all, rules: all.rules.filter(({ emits }) => emits === signalName) };
  const logSinceMs = sources.since();
  return {
    rules,
    records,
    logSinceMs,
    empty: records.length > 0 ? undefined : whyEmpty(rules, atMs, logSinceMs),
  };
}

function whyEmpty(
  rules: RulesInForce | undefined,
  atMs: number,
  logSinceMs = -Infinity,
): NonNullable<Emitting["empty"]> {
  if (atMs < logSinceMs) return "before_log";
  return rules === undefined || rules.rules.length === 0 ? "no_rule" : "nothing_advised";
}

function inForceAt(database: Database, atMs: number): RulesInForce | undefined {
  const row =
    database
      .query<RulesRow, [number]>("SELECT * FROM in_force WHERE since <= ? ORDER BY n DESC LIMIT 1")
      .get(atMs) ??
    // Asked about a time before the log: the earliest that is known.
    database.query<RulesRow, []>("SELECT * FROM in_force ORDER BY n LIMIT 1").get();
  if (row === null) return undefined;
  const rules = JSON.parse(row.rules) as readonly RuleSummary[];
  return { hash: row.hash, source: row.source, sinceMs: row.since, rules };
}

/** The first row is still there: nothing was forgotten since the engine ran first. */
function sinceOf(database: Database): number | undefined {
  const row = database
    .query<{ n: number; at: number }, []>("SELECT n, at FROM decision ORDER BY n LIMIT 1")
    .get();
  const began = database.query<{ since: number }, []>("SELECT since FROM in_force ORDER BY n LIMIT 1").get();
  return row === null || row.n === 1 ? (began?.since ?? row?.at) : row.at;
}

/** Reading a WAL file needs its index, which a closed engine has taken away: then it is opened so that it can be made. */
function openReading(path: string): Database {
  try {
    const database = new Database(path, { readonly: true });
    database.query("SELECT n FROM decision LIMIT 1").get();
    return database;
  } catch {
    return reading(path, () => {
      const database = new Database(path, { readwrite: true, create: false });
      database.run("PRAGMA query_only = ON");
      return database;
    });
  }
}

function reading<T>(path: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    const why = messageOf(error);
    const remedy = "policy-engine sets a damaged file aside at its next decision and begins a new one";
    throw new Error(`the decision log ${path} cannot be read: ${why}; ${remedy}`, { cause: error });
  }
}
