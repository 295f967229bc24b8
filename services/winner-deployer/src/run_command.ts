/**
 * Runs a program of the operator's: no shell, a process group of its own, a time limit, its last words kept. When the
 * program has ended, what it left behind in its group is ended too; a service that is to live on belongs to systemd.
 */
import { messageOf, redact } from "@kloros/daemon";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number;
}

export type CommandResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const GRACE_MS = 2000;
const LAST_WORDS_MS = 200;
const OUTPUT_LENGTH_MAX = 2000;
/** Belong to this service alone. */
const OWN_VARIABLES = new Set(["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "KLOROS_CRASH_AT"]);

/** Rejects with the reason of `abort`, after the command was ended. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { timeoutMs, abort } = options;
  abort.throwIfAborted();
  const [program = "", ...args] = argv;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.has(name)));
  let child: ChildProcess;
  try {
    child = spawn(program, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    return failed(`cannot be started: ${messageOf(error)}`, "");
  }
  const lastWords = gather(child);
  const ended = endOf(child);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let timedOut = false;
  const stop = (): void => {
    signalGroup(child, "SIGTERM");
    grace ??= setTimeout(() => signalGroup(child, "SIGKILL"), options.graceMs ?? GRACE_MS);
  };
  let grace: ReturnType<typeof setTimeout> | undefined;
  const limit = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  abort.addEventListener("abort", stop, { once: true });
  const how = await ended;
  clearTimeout(limit);
  clearTimeout(grace);
  abort.removeEventListener("abort", stop);
  signalGroup(child, "SIGKILL");
  // Its last words may still be in the pipes; who left the group may hold them open.
  await Promise.race([closed, Bun.sleep(LAST_WORDS_MS)]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  abort.throwIfAborted();
  if (timedOut) return failed(`did not end within ${timeoutMs} ms and was stopped`, lastWords());
  return how === "" ? { ok: true } : failed(how, lastWords());
}

/** Empty when it ended well. */
async function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`cannot be started: ${error.message}`));
    // Not "close": a grandchild may keep the pipes open for ever.
    child.once("exit", (code, signal) => {
      if (code === 0) resolve("");
      else resolve(code === null ? `was ended by ${signal ?? "a signal"}` : `exited with ${code}`);
    });
  });
}

function gather(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => {
      text = (text + chunk).slice(-OUTPUT_LENGTH_MAX);
    });
  }
  // They are told in signals and files that others read.
  return () => String(redact(text.trim()));
}

/** The group has the id of its first process and lives as long as any of its members. */
function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

function failed(how: string, lastWords: string): CommandResult {
  return { ok: false, reason: lastWords === "" ? how : `${how}: ${lastWords}` };
}
