import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Runs one command as a process group of its own, so that a time limit or Ctrl-C also ends what the command
 * started. Its output goes to a file: nothing is held in memory, and stdout and stderr keep their order.
 */
export interface RunOptions {
  readonly cwd: string;
  /** Output of both streams; the folder is made. */
  readonly logPath: string;
  /** The group is ended after this time, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** From SIGTERM to SIGKILL, ms. */
  readonly graceMs?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunResult {
  /** 124 after the time limit, as `timeout(1)` says it; 128 + n when ended by signal n. */
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly elapsedMs: number;
  readonly output: string;
}

const GRACE_MS = 3000;

function signalGroup(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone: that is what was wanted.
  }
}

/** SIGTERM, then SIGKILL: returns when the process ended and its group was told to. */
async function endGroup(child: Bun.Subprocess, graceMs: number): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
  await child.exited;
  clearTimeout(timer);
  signalGroup(child.pid, "SIGKILL");
}

export async function runCommand(command: readonly string[], options: RunOptions): Promise<RunResult> {
  mkdirSync(dirname(options.logPath), { recursive: true });
  const log = openSync(options.logPath, "w");
  const started = performance.now();
  const child = Bun.spawn([...command], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const stop = AbortSignal.any([timeout, options.signal]);
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener("abort", () => resolve(), { once: true });
    if (stop.aborted) resolve();
  });
  await Promise.race([child.exited, stopped]);
  const broken = child.exitCode === null && child.signalCode === null;
  // Also after an orderly end: a test must not leave a process behind that spoils the next step.
  await endGroup(child, options.graceMs ?? GRACE_MS);
  return {
    exitCode: broken && timeout.aborted ? 124 : await child.exited,
    timedOut: broken && timeout.aborted,
    elapsedMs: performance.now() - started,
    output: readFileSync(options.logPath, "utf8"),
  };
}
