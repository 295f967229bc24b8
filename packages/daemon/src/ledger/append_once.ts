/**
 * Appends one line to a JSON-lines log, once, also when the process dies at any moment in between.
 *
 * Order: lock, plan stored, line written with one write, fsync, verified, then the caller commits. A redelivery brings the
 * plan back: the line is looked for from the plan's offset on; a half-written one is removed, a complete one is kept as it
 * is. Others may append to the same file in between, with or without the lock: nothing of theirs is ever removed, and a
 * damaged line of theirs does not swallow ours.
 *
 * The lock is held from before the plan until after the write. So a process that was stopped in between (SIGSTOP, a
 * suspended machine) and lost its delivery meanwhile cannot write beside its successor: the successor waits for the lock
 * and then finds the line; and a plan that comes too late is refused before anything is written.
 */
import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from "node:fs";
import { RetryableError } from "@kloros/bus-client";
import { isPlanned, planAppend, type AppendPlan } from "./append_plan.ts";
import { crashesAt, crashNow, crashPoint } from "./crash_point.ts";
import { beginsLine, endsWithNewline, scanLines } from "./line_scan.ts";
import { withLockedLog, type LockOptions } from "./locked_log.ts";
import { removeOwnHalf } from "./own_half.ts";

export interface AppendOnceOptions extends LockOptions {
  /** What an earlier attempt stored, null on the first. */
  readonly plan: AppendPlan | null;
  /** Stores the plan durably; the line is written only after it resolved. */
  readonly savePlan: (plan: AppendPlan) => Promise<void>;
}

export interface AppendOnceResult {
  /** `found`: an earlier attempt had written it; `line` is then that attempt's. */
  readonly how: "appended" | "found";
  /** The line that is in the file, without its newline. */
  readonly line: string;
}

/** A write that others glued their own half line to is repeated on a fresh line; more than this is no accident. */
const WRITES_MAX = 3;

/**
 * Appends `line` (no newline in it) to `file`.
 * @throws RetryableError `append_failed` when the file cannot be opened or written (nothing of ours stays in it),
 *   `file_locked` when another process keeps its lock; whatever `savePlan` rejects with, before anything is written.
 */
export async function appendOnce(
  file: string,
  line: string,
  options: AppendOnceOptions,
): Promise<AppendOnceResult> {
  if (line === "" || line.includes("\n")) throw new Error(`a log line is one non-empty line; for ${file}`);
  return translated(file, () =>
    withLockedLog(file, options, async (fd) => {
      const earlier = options.plan?.file === file ? options.plan : null;
      if (earlier !== null) {
        const found = findLine(fd, earlier);
        if (found !== null) {
          // The attempt that wrote it may have died before its fsync.
          fsyncSync(fd);
          return { how: "found", line: found };
        }
        removeOwnHalf(fd, file, earlier, line);
      }
      const plan = await planned(fd, file, line, earlier, options);
      options.abort?.throwIfAborted();
      writeVerified(fd, file, line, plan);
      return { how: "appended", line };
    }),
  );
}

/** The planned line as it stands in the file, then on disk; null when it is not there (or only in part). */
export async function findAppended(plan: AppendPlan): Promise<string | null> {
  return translated(plan.file, async () => {
    let fd: number;
    try {
      fd = openSync(plan.file, "r");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
    try {
      const found = findLine(fd, plan);
      if (found !== null) fsyncSync(fd);
      return found;
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * An earlier plan stands as long as it means this very line, and the file still reaches to where it begins: in one that was
 * cut by a loss of power, or begun anew, the line would be written before it, and be looked for behind.
 */
async function planned(
  fd: number,
  file: string,
  line: string,
  earlier: AppendPlan | null,
  options: AppendOnceOptions,
): Promise<AppendPlan> {
  const plan = planAppend(file, line, fstatSync(fd).size);
  if (earlier?.sha256 === plan.sha256 && earlier.offset <= plan.offset) return earlier;
  await options.savePlan(plan);
  crashPoint("ledger.planned");
  return plan;
}

function findLine(fd: number, plan: AppendPlan): string | null {
  // A file shorter than the offset was replaced (rotated) since: then all of it is looked through.
  const from = plan.offset <= fstatSync(fd).size ? plan.offset : 0;
  for (const found of scanLines(fd, from, plan.length)) {
    const whole = found.terminated && found.length === plan.length;
    if (whole && isPlanned(plan, found.bytes) && beginsLine(fd, found.start)) {
      return Buffer.from(found.bytes).toString("utf8");
    }
  }
  return null;
}

function writeVerified(fd: number, file: string, line: string, plan: AppendPlan): void {
  for (let n = 1; n <= WRITES_MAX; n += 1) {
    try {
      writeLine(fd, line);
    } catch (error) {
      removeOwnHalf(fd, file, plan, line);
      throw error;
    }
    crashPoint("ledger.written");
    fsyncSync(fd);
    if (findLine(fd, plan) !== null) {
      crashPoint("ledger.synced");
      return;
    }
  }
  throw new RetryableError(
    "append_failed",
    `cannot append to ${file}: after ${WRITES_MAX} writes the line is not in it as written; who else writes there?`,
  );
}

/** On a line of its own also when somebody left half a line at the end. */
function writeLine(fd: number, line: string): void {
  const bytes = Buffer.from(`${endsWithNewline(fd) ? "" : "\n"}${line}\n`);
  if (crashesAt("ledger.half-written")) {
    writeSync(fd, bytes, 0, bytes.length >> 1);
    crashNow();
  }
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done);
  }
}

/** Errors of the file system, with what to do; others pass. */
async function translated<T>(file: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const text = error instanceof Error ? error.message : code;
    throw new RetryableError(
      "append_failed",
      `cannot append to ${file}: ${text}; ${ADVICE[code] ?? "see the error"}`,
      {
        cause: error,
      },
    );
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "free space on its file system",
  EDQUOT: "raise the quota or free space",
  EROFS: "its file system is mounted read-only",
  EACCES: "let this service's user write there",
  EPERM: "let this service's user write there",
  ENOENT: "its directory is missing, create it",
  EISDIR: "a directory is in its place, move it away",
};

/** The code of a system error (`ENOSPC`); undefined for any other error. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
