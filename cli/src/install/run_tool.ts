import { Failure } from "../exit_codes.ts";

const TOOL_MS_MAX = 60_000;

/** Runs a tool of the machine, most of them systemd's own. Throws `Failure` with what it said. */
export async function runTool(command: readonly string[]): Promise<string> {
  const child = spawn(command);
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code === 0) return out;
  throw new Failure("negative", `\`${command.join(" ")}\` ended with ${code}: ${error.trim()}`);
}

function spawn(command: readonly string[]) {
  try {
    return Bun.spawn([...command], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TOOL_MS_MAX,
      killSignal: "SIGKILL",
    });
  } catch (error) {
    throw new Failure(
      "negative",
      `\`${command.join(" ")}\` cannot be run: ${String(error)}; it comes with systemd, util-linux or coreutils`,
      {
        cause: error,
      },
    );
  }
}
