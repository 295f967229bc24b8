/** A command of the old side: bounded in time, its output kept. */
import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

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

/** Of each stream, bytes. */
const KEPT_MAX = 16 * 1024;

/** A line for the shell. */
export function runCommand(line: string, options: CommandOptions): Promise<CommandResult> {
  return runProgram(["/bin/sh", "-c", line], options);
}

/**
 * In a process group of its own: at its limit nothing of it stays. It has ended when its first process has: one that it leaves
 * behind keeps its outputs, which are files for that reason, and goes on.
 */
export async function runProgram(command: string[], options: CommandOptions): Promise<CommandResult> {
  const outputs = openOutputs();
  try {
    const child = Bun.spawn(command, {
      env: { ...options.env, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", outputs.out, outputs.err],
      detached: true,
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, options.timeoutMs);
    const code = await child.exited.finally(() => {
      clearTimeout(timer);
    });
    return { code: timedOut ? null : code, timedOut, out: endOf(outputs.out), err: endOf(outputs.err) };
  } finally {
    closeSync(outputs.out);
    closeSync(outputs.err);
  }
}

/** Without a name: nothing is left of them when the last one who writes has ended. */
function openOutputs(): { readonly out: number; readonly err: number } {
  const directory = mkdtempSync(join(tmpdir(), "kloros-command-"));
  try {
    return { out: openSync(join(directory, "out"), "wx+"), err: openSync(join(directory, "err"), "wx+") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function endOf(fd: number): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, KEPT_MAX));
  readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  return `${size > KEPT_MAX ? "… " : ""}${bytes.toString("utf8")}`;
}

/** A line of JSON each; for whoever wants to know what a command said. */
export function keepOutput(
  path: string,
  record: { readonly at: string; readonly line: string } & CommandResult,
): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
