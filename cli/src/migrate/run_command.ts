/** A command of the old side: bounded in time, its output kept. */
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

export interface CommandResult {
  readonly code: number | null;
  readonly timedOut: boolean;
  /** Both streams, the end of each. */
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** Of each stream, characters. */
const KEPT_MAX = 16 * 1024;

/** A line for the shell. */
export function runCommand(line: string, options: CommandOptions): Promise<CommandResult> {
  return runProgram(["/bin/sh", "-c", line], options);
}

/** In a process group of its own: at its limit nothing of it stays. */
export async function runProgram(command: string[], options: CommandOptions): Promise<CommandResult> {
  const child = Bun.spawn(command, {
    env: { ...options.env, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, options.timeoutMs);
  try {
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code: timedOut ? null : code, timedOut, out: end(out), err: end(err) };
  } finally {
    clearTimeout(timer);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function end(text: string): string {
  return text.length > KEPT_MAX ? `… ${text.slice(-KEPT_MAX)}` : text;
}

/** A line of JSON each; for whoever wants to know what a command said. */
export function keepOutput(
  path: string,
  record: { readonly at: string; readonly line: string } & CommandResult,
): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
