/** The compiled programs, built once for all tests of a process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");

/** One file under many names, or a file for each service. */
export type Kind = "multicall" | "separate";

export interface Programs {
  readonly directory: string;
  /** Of the operator's command, which the services' own programs do without. */
  readonly command: string;
  remove(): void;
}

export async function buildPrograms(kind: Kind): Promise<Programs> {
  const out = mkdtempSync(join(tmpdir(), "kloros-programs-"));
  const only = kind === "multicall" ? ["--only", "kloros"] : [];
  const build = Bun.spawn([process.execPath, join(ROOT, "scripts/src/build.ts"), "--out", out, ...only], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, error, code] = await Promise.all([build.stdout.text(), build.stderr.text(), build.exited]);
  if (code !== 0) throw new Error(`the programs could not be built:\n${said}${error}`);
  return {
    directory: join(out, kind === "multicall" ? "multicall" : "bin"),
    command: join(out, "multicall", "kloros"),
    remove: () => {
      rmSync(out, { recursive: true, force: true });
    },
  };
}
