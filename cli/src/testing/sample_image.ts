/** For tests: a machine's image, and `kloros` as a process on it. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dir, "../main.ts");

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface SampleImage {
  /** Holds the image, and whatever a test puts beside it. */
  readonly dir: string;
  readonly root: string;
  readonly at: (path: string) => string;
  /** The arguments of a process that works on the image. */
  readonly command: (...args: readonly string[]) => string[];
  readonly kloros: (...args: readonly string[]) => Promise<Ended>;
  readonly remove: () => void;
}

export function sampleImage(): SampleImage {
  const dir = mkdtempSync(join(tmpdir(), "kloros-install-"));
  const root = join(dir, "image");
  mkdirSync(root);
  const command = (...args: readonly string[]): string[] => [process.execPath, MAIN, ...args, "--root", root];
  return {
    dir,
    root,
    at: (path) => join(root, path),
    command,
    kloros: (...args) => runToEnd(command(...args), { PATH: process.env["PATH"] ?? "", HOME: dir }, dir),
    remove: () => {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function runToEnd(
  command: string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Ended> {
  const child = Bun.spawn(command, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}
