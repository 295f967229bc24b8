/** The compiled programs, built once for all tests of a process. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");

/** One file under many names, a file for each service, or the Debian package of the first. */
export type Kind = "multicall" | "separate" | "package";

const FLAGS: Readonly<Record<Kind, readonly string[]>> = {
  multicall: ["--only", "kloros"],
  separate: [],
  package: ["--deb"],
};

export interface Programs {
  readonly directory: string;
  /** Of the operator's command, which the services' own programs do without. */
  readonly command: string;
  /** The `.deb`, where that was asked for. */
  readonly package?: string;
  remove(): void;
}

export async function buildPrograms(kind: Kind): Promise<Programs> {
  const out = mkdtempSync(join(tmpdir(), "kloros-programs-"));
  const command = [process.execPath, join(ROOT, "scripts/src/build.ts"), "--out", out, ...FLAGS[kind]];
  const build = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, error, code] = await Promise.all([build.stdout.text(), build.stderr.text(), build.exited]);
  if (code !== 0) throw new Error(`the programs could not be built:\n${said}${error}`);
  const [found] = readdirSync(out).filter((name) => name.endsWith(".deb"));
  return {
    directory: join(out, kind === "separate" ? "bin" : "multicall"),
    command: join(out, "multicall", "kloros"),
    ...(found === undefined ? {} : { package: join(out, found) }),
    remove: () => {
      rmSync(out, { recursive: true, force: true });
    },
  };
}
