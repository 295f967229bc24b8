/** The multi-call program as it is shipped, built once a process (half a second, so that it is never an old one). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");

let built: string | undefined;

/** A directory with `kloros` and a link for each service. Removed when this process ends. */
export function compiledPrograms(): string {
  built ??= build();
  return built;
}

function build(): string {
  const directory = mkdtempSync(join(tmpdir(), "kloros-compiled-"));
  process.on("exit", () => {
    rmSync(directory, { recursive: true, force: true });
  });
  const program = join(ROOT, "scripts/src/build.ts");
  const made = Bun.spawnSync([process.execPath, program, "--only", "kloros", "--out", directory]);
  if (!made.success) throw new Error(`the programs cannot be built: ${made.stderr.toString()}`);
  return join(directory, "multicall");
}
