/** How everything is at one moment: processes by the kernel, files by their sizes, the journal by its rows. */
import { Database } from "bun:sqlite";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Installation } from "@kloros/daemon";
import type { Child } from "../../bench/house/child.ts";
import type { ProgramReport } from "./program.ts";

export interface ProcessSample {
  readonly rssMb: number;
  readonly pssMb: number;
  readonly heapMb: number;
  readonly fds: number;
  /** Publish → handler of what came since the last sample, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

export interface FileSample {
  readonly journalMb: number;
  readonly walMb: number;
  readonly stateMb: number;
  readonly deadLetterFilesMb: number;
  readonly logsMb: number;
}

export type RowSample = Readonly<Record<(typeof TABLES)[number], number>>;

export interface Sample {
  /** Since the traffic began, ms. */
  readonly atMs: number;
  readonly processes: Readonly<Record<string, ProcessSample>>;
  readonly files: FileSample;
  readonly rows: RowSample;
}

const MIB = 1024 * 1024;
const REPORT_MS = 30_000;
const TABLES = ["signal", "delivery", "idmemo", "deadletter", "deadline", "state"] as const;

export async function sampleProcess(child: Child): Promise<ProcessSample> {
  child.tell("report");
  const { heapMb, p50, p99, max, count } = (await child.event(
    "report",
    REPORT_MS,
  )) as unknown as ProgramReport;
  const rollup = readFileSync(`/proc/${String(child.pid)}/smaps_rollup`, "latin1");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
  const fds = readdirSync(`/proc/${String(child.pid)}/fd`).length;
  return { rssMb: kib("Rss") / 1024, pssMb: kib("Pss") / 1024, heapMb, fds, p50, p99, max, count };
}

export function sampleFiles(paths: Installation, logs: string): FileSample {
  return {
    journalMb: bytesOf(paths.journal) / MIB,
    walMb: bytesOf(`${paths.journal}-wal`) / MIB,
    stateMb: bytesIn(paths.state) / MIB,
    deadLetterFilesMb: bytesIn(dirname(paths.failedSignals), basename(paths.failedSignals)) / MIB,
    logsMb: bytesIn(logs) / MIB,
  };
}

/** Of a connection that is opened for it: one that stays would keep a file that was replaced. */
export function sampleRows(path: string): RowSample {
  const db = new Database(path, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const count = (table: string): number =>
      db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
    return Object.fromEntries(TABLES.map((table) => [table, count(table)])) as Record<
      (typeof TABLES)[number],
      number
    >;
  } finally {
    db.close();
  }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Of files directly in there whose name begins so. */
function bytesIn(directory: string, prefix = ""): number {
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix))
    .reduce((sum, name) => sum + bytesOf(join(directory, name)), 0);
}
