/**
 * One cycle's process: started in a group of its own under a guard, read line by line, ended at its limit or when asked,
 * and nothing left of it afterwards. Knows nothing of signals and triggers.
 */
import { pause } from "@kloros/daemon";
import { endMarked, signalGroup, startGuard, type Guard } from "@kloros/dream-runner";
import type { CycleEnd } from "../decide.ts";
import { readBoundedLines } from "./bounded_lines.ts";
import { RUN_TAG_VARIABLE, tagMark } from "./proc.ts";

export interface CycleProcessOptions {
  readonly runTag: string;
  /** Program with its path, and arguments. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limitS: number;
  readonly graceS: number;
  readonly onLines: (stream: "out" | "err", lines: readonly string[]) => void;
  /** Processes that could not be ended. */
  readonly onStrays: (pids: readonly number[]) => void;
}

export interface CycleProcess {
  /** Leader of its group. */
  readonly pid: number;
  /** Resolves when no process of it is left. Never rejects. */
  readonly ended: Promise<CycleEnd>;
  /** Asks it to end, and kills it after `graceMs`. */
  stop(graceMs: number): void;
}

/** A grandchild that was just killed may hold the output open for a moment. */
const OUTPUT_MS_MAX = 1000;
/** How long an end that has come may need to be heard of. */
const EXIT_HEARD_MS = 20;

/** Throws when no process can be made (no such file, no memory). */
export async function startCycleProcess(options: CycleProcessOptions): Promise<CycleProcess> {
  const guard = startGuard(tagMark(options.runTag));
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn({
      cmd: [...options.command],
      cwd: options.directory,
      env: { ...options.environment, [RUN_TAG_VARIABLE]: options.runTag },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
  } catch (error) {
    await guard.release();
    throw error;
  }
  guard.watch(child.pid);
  const stopping = new AbortController();
  let stopGraceMs = options.graceS * 1000;
  return {
    pid: child.pid,
    ended: follow(child, guard, options, stopping, () => stopGraceMs),
    stop: (graceMs) => {
      stopGraceMs = graceMs;
      stopping.abort();
    },
  };
}

async function follow(
  child: Bun.Subprocess<"ignore", "pipe", "pipe">,
  guard: Guard,
  options: CycleProcessOptions,
  stopping: AbortController,
  graceMs: () => number,
): Promise<CycleEnd> {
  const deaf = new AbortController();
  const output = [child.stdout, child.stderr].map(async (stream, index) =>
    readBoundedLines(
      stream,
      (lines) => {
        options.onLines(index === 0 ? "out" : "err", lines);
      },
      deaf.signal,
    ).catch(() => undefined),
  );
  const exited = new AbortController();
  const over = child.exited.then(() => {
    exited.abort();
  });
  const limitPassed = await Promise.race([
    over.then(() => false),
    pause(options.limitS * 1000, AbortSignal.any([stopping.signal, exited.signal])).then(
      () => !stopping.signal.aborted && !exited.signal.aborted,
    ),
  ]);
  // After a standstill of the machine the timer is heard before an end that came in time.
  if (limitPassed) await pause(EXIT_HEARD_MS, exited.signal);
  const timedOut = limitPassed && !exited.signal.aborted;
  if (!exited.signal.aborted) {
    signalGroup(child.pid, "SIGTERM");
    await pause(graceMs(), exited.signal);
    signalGroup(child.pid, "SIGKILL");
    await over;
  }
  // Also after a normal end: runners leave their workers behind.
  signalGroup(child.pid, "SIGKILL");
  guard.groupOver();
  const strays = await endMarked(tagMark(options.runTag));
  if (strays.length > 0) options.onStrays(strays);
  await guard.release();
  await Promise.race([Promise.all(output), pause(OUTPUT_MS_MAX, deaf.signal)]);
  // Whoever hid from all of this may hold the other end for ever.
  deaf.abort();
  return endOf(child, timedOut ? options.limitS : undefined);
}

function endOf(child: Bun.Subprocess, limitS: number | undefined): CycleEnd {
  if (limitS !== undefined) return { kind: "timeout", limitS, code: child.exitCode };
  if (child.exitCode !== null) return { kind: "exited", code: child.exitCode };
  return { kind: "killed", signal: String(child.signalCode ?? "a signal") };
}
