/** The multi-call program as it is shipped, built once a process (half a second, so that it is never an old one). */
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
/** A new one takes the place of the one before in one step: whoever runs that one keeps it. */
const DIRECTORY = join(ROOT, ".cache/chaos");

let built: string | undefined;

/** A directory with `kloros` and a link for each service. */
export function compiledPrograms(): string {
  built ??= build();
  return built;
}

function build(): string {
  const program = join(ROOT, "scripts/src/build.ts");
  const made = Bun.spawnSync([process.execPath, program, "--only", "kloros", "--out", DIRECTORY]);
  if (!made.success) throw new Error(`the programs cannot be built: ${made.stderr.toString()}`);
  return join(DIRECTORY, "multicall");
}
