import { chmodSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { BuildTarget } from "./build_targets.ts";

export interface BuildResult {
  readonly path: string;
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface BuildOptions {
  readonly root: string;
  /** Absolute. */
  readonly outDir: string;
  readonly workers: readonly string[];
  readonly signal: AbortSignal;
}

/** A program must not read a `.env` or `bunfig.toml` of the directory it happens to be started in. */
const SEALED = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
/** Compiles one program. What was there before stays until the new one is complete. */
export async function buildProgram(target: BuildTarget, options: BuildOptions): Promise<BuildResult> {
  const started = performance.now();
  const path = join(options.outDir, target.outfile);
  // The program's own name, as it is compiled in, is this file's: so a folder is temporary, not the name.
  const staging = join(dirname(path), `.${target.name}.${process.pid}`);
  const built = join(staging, basename(path));
  mkdirSync(staging, { recursive: true });
  try {
    await compile([join(options.root, target.main), ...options.workers], built, options);
    chmodSync(built, 0o755);
    renameSync(built, path);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  for (const link of target.links) linkTo(basename(path), join(dirname(path), link));
  return { path, bytes: statSync(path).size, elapsedMs: performance.now() - started };
}

async function compile(entries: readonly string[], outfile: string, options: BuildOptions): Promise<void> {
  const command = [
    process.execPath,
    "build",
    "--compile",
    ...SEALED,
    // Entry points keep their paths from the root in the program: a thread is started by that path.
    "--root",
    options.root,
    ...entries,
    "--outfile",
    outfile,
  ];
  const bun = Bun.spawn(command, {
    cwd: options.root,
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal,
  });
  const [out, error, code] = await Promise.all([bun.stdout.text(), bun.stderr.text(), bun.exited]);
  options.signal.throwIfAborted();
  if (code !== 0) throw new Error(`compiling ${entries[0]} failed:\n${out}${error}`.trimEnd());
}

function linkTo(target: string, path: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}
