/** Everything that a flow leaves behind, read once all its processes have ended. */
import { Database } from "bun:sqlite";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";
import { brokenInvariants } from "@kloros/journal/testing";
import type { Envelope } from "@kloros/signal-schema";

export type Json = Readonly<Record<string, unknown>>;

export interface StoredDeadLetter {
  readonly n: number;
  readonly consumer: string;
  readonly reason: string;
  readonly error: string;
  readonly state: string;
}

export interface LeftBehind {
  readonly signals: readonly Envelope[];
  readonly deadLetters: readonly StoredDeadLetter[];
  readonly journalFlaws: readonly string[];
  readonly investigations: LogFile;
  readonly processed: LogFile;
  readonly integrated: LogFile;
  readonly integrations: LogFile;
  readonly failedSignals: LogFile;
  readonly registryText: string;
  readonly evidence: Json;
}

export interface LogFile {
  readonly lines: readonly Json[];
  /** Lines that are no JSON, and an end without a line break. */
  readonly flaws: readonly string[];
}

export function readLeftBehind(paths: Installation): LeftBehind {
  return {
    ...readJournal(paths.journal),
    investigations: readLog(paths.investigationsLog),
    processed: readLog(paths.semanticProcessed),
    integrated: readLog(paths.integratedLog),
    integrations: readLog(join(paths.state, "integrations.jsonl")),
    failedSignals: readLog(paths.failedSignals),
    registryText: readFileSync(paths.registry, "utf8"),
    evidence: existsSync(paths.semanticEvidence)
      ? (JSON.parse(readFileSync(paths.semanticEvidence, "utf8")) as Json)
      : {},
  };
}

export function readJournal(path: string): Pick<LeftBehind, "signals" | "deadLetters" | "journalFlaws"> {
  const db = new Database(path);
  try {
    const rows = db.query<{ body: string }, []>("SELECT body FROM signal ORDER BY seq").all();
    return {
      signals: rows.map(({ body }) => JSON.parse(body) as Envelope),
      deadLetters: db
        .query<StoredDeadLetter, []>("SELECT n, consumer, reason, error, state FROM deadletter ORDER BY n")
        .all(),
      journalFlaws: brokenInvariants(db),
    };
  } finally {
    db.close();
  }
}

export function readLog(path: string): LogFile {
  if (!existsSync(path)) return { lines: [], flaws: [] };
  const text = readFileSync(path, "utf8");
  const lines: Json[] = [];
  const flaws = text === "" || text.endsWith("\n") ? [] : [`${path} ends with half a line`];
  for (const [index, line] of text.split("\n").entries()) {
    // Where half a line stood in the middle of a log, its writer leaves a blank one.
    if (line.trim() === "") continue;
    try {
      lines.push(JSON.parse(line) as Json);
    } catch {
      flaws.push(`${path}:${String(index + 1)} is no JSON: ${line.slice(0, 80)}`);
    }
  }
  return { lines, flaws };
}
