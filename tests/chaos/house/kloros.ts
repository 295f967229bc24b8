/** The compiled `kloros`, as an operator calls it. */
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";
import { compiledPrograms } from "./compiled.ts";

const LIMIT_MS = 60_000;

export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `kloros <args>` on this installation. */
export async function kloros(paths: Installation, ...args: readonly string[]): Promise<Answer> {
  const places = ["--home", paths.home, "--runtime", paths.runtime];
  const child = Bun.spawn([join(compiledPrograms(), "kloros"), ...args, ...places], {
    env: { PATH: process.env["PATH"] ?? "", HOME: paths.home, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

/** The programs that prove it, in the operator's own words: empty when all end with 0. */
export async function operatorsProof(paths: Installation): Promise<readonly string[]> {
  const flaws: string[] = [];
  for (const command of [["audit"], ["journal", "verify"]]) {
    const { code, out, err } = await kloros(paths, ...command, "--json");
    const ok = code === 0 && (JSON.parse(out) as { ok: boolean }).ok;
    if (!ok) flaws.push(`kloros ${command.join(" ")} ended with ${String(code)}: ${out}${err}`);
  }
  return flaws;
}
