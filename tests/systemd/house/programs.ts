/**
 * The compiled programs, built once for all tests of a process, whichever of them asks first.
 *
 * They go with this process, however it ends: a shell waits for the end of our pipe to it, and removes them.
 */
import { mkdtempSync, readdirSync } from "node:fs";
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
}

const built = new Map<Kind, Promise<Programs>>();

export async function buildPrograms(kind: Kind): Promise<Programs> {
  const programs = built.get(kind) ?? build(kind);
  built.set(kind, programs);
  return programs;
}

async function build(kind: Kind): Promise<Programs> {
  const out = mkdtempSync(join(tmpdir(), "kloros-programs-"));
  Bun.spawn(["sh", "-c", 'cat >/dev/null; rm -rf "$1"', "sh", out], {
    stdio: ["pipe", "ignore", "ignore"],
    // Whoever ends our group at our end leaves it its time.
    detached: true,
  }).unref();
  const command = [process.execPath, join(ROOT, "scripts/src/build.ts"), "--out", out, ...FLAGS[kind]];
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
  const [said, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`the programs could not be built:\n${said}${error}`);
  const found = readdirSync(out).find((name) => name.endsWith(".deb"));
  return {
    directory: join(out, kind === "separate" ? "bin" : "multicall"),
    command: join(out, "multicall", "kloros"),
    ...(found === undefined ? {} : { package: join(out, found) }),
  };
}
