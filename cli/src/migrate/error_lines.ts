/** Log lines of level error or worse, from journald. */
import { runProgram } from "./run_command.ts";

const LINES_MAX = 1000;
const SAMPLE_MAX = 160;
const TIMEOUT_MS = 20_000;

/** Rejects when there is no journald to ask. */
export async function errorLines(
  mode: "system" | "user",
  units: readonly string[],
  sinceMs: number,
): Promise<{ readonly count: number; readonly sample: string }> {
  if (units.length === 0) return { count: 0, sample: "" };
  const manager = mode === "user" ? ["--user"] : [];
  const since = `--since=@${Math.floor(sinceMs / 1000)}`;
  const limits = ["--priority=err", `--lines=${LINES_MAX}`, "--output=cat", "--quiet", "--no-pager"];
  const { code, out, err, timedOut } = await runProgram(
    ["journalctl", ...manager, since, ...limits, ...units.map((unit) => `--unit=${unit}`)],
    { env: process.env, timeoutMs: TIMEOUT_MS },
  );
  if (code !== 0) throw new Error(timedOut ? "journalctl did not answer" : `journalctl: ${err.trim()}`);
  const lines = out.split("\n").filter((line) => line.trim() !== "");
  return { count: lines.length, sample: shown(lines.at(-1) ?? "") };
}

/** Lines of ours are JSON. */
function shown(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { readonly msg?: unknown };
    if (typeof msg === "string") return msg.slice(0, SAMPLE_MAX);
  } catch {
    // Somebody else's line, e.g. of the program that could not start.
  }
  return line.slice(0, SAMPLE_MAX);
}
