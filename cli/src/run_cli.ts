/** `kloros` from its arguments to its exit code. */
import { CommanderError } from "commander";
import type { Environment } from "./environment.ts";
import { CLI_EXIT, type CliExit, Failure } from "./exit_codes.ts";
import { ReaderGoneError } from "./output.ts";
import { buildProgram } from "./program.ts";

/** `argv`: without the program's name. Sets the exit code; throws nothing. */
export async function runCli(environment: Environment, argv: readonly string[]): Promise<void> {
  try {
    const program = buildProgram(environment);
    await program.parseAsync([...argv], { from: "user" });
    await environment.out.flushed();
  } catch (error) {
    process.exitCode = CLI_EXIT[await explain(environment, error)].code;
  }
  await Promise.allSettled([environment.out.flushed(), environment.err.flushed()]);
}

async function explain(environment: Environment, error: unknown): Promise<CliExit> {
  if (error instanceof ReaderGoneError) return "ok";
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? "ok" : "usage";
  const [exit, text] = readError(error);
  await environment.err.write(`kloros: ${text}\n`).catch(() => undefined);
  return exit;
}

const RIGHTS: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);
const NO_RIGHT =
  "; an installation is its own user's and root's: say it with sudo, or where it is your own, with --user";

/** By name: the classes are in packages that not every command loads. */
function readError(error: unknown): readonly [CliExit, string] {
  if (error instanceof Failure) return [error.exit, error.message];
  if (!(error instanceof Error)) return ["crashed", String(error)];
  if (error.name === "ConfigError") return ["config", error.message];
  // The bus answered, and said no.
  if (error.name === "DeniedError") return ["negative", error.message];
  if (error.name === "RetryableError" || error.name === "BusyError") return ["unavailable", error.message];
  if ("code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code)) {
    return ["negative", `${error.message}${RIGHTS.has(error.code) ? NO_RIGHT : ""}`];
  }
  return ["crashed", error.stack ?? error.message];
}
