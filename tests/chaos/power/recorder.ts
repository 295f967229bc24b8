/** Builds the shim with the machine's C compiler and runs the workload under it. */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type DiskRecord, readRecording } from "./recording.ts";

export interface Recording {
  readonly root: string;
  readonly before: ReadonlyMap<number, { readonly name: string; readonly bytes: Uint8Array }>;
  readonly records: readonly DiskRecord[];
}

/** Why nothing can be recorded on this machine; undefined: it can. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch))
    return `the shim is written for Linux on x86-64 and aarch64, this is ${process.platform} on ${process.arch}`;
  return Bun.which("cc") === null ? "there is no C compiler (cc) to build the shim with" : undefined;
}

/** Throws with what the compiler said. */
export function buildShim(dir: string): string {
  const library = join(dir, "shim.so");
  const source = join(import.meta.dirname, "shim.c");
  const { exitCode, stderr } = Bun.spawnSync([
    "cc",
    "-O1",
    "-Wall",
    "-shared",
    "-fPIC",
    "-o",
    library,
    source,
  ]);
  if (exitCode !== 0) throw new Error(`cc could not build ${source}: ${stderr.toString()}`);
  return library;
}

const LIMIT_MS = 120_000;

/** Runs `workload` of the workload process on `root`, with what is in there already as safe. */
export async function record(
  shim: string,
  root: string,
  { workload, seed }: { readonly workload: string; readonly seed: number },
): Promise<Recording> {
  const [log, marks] = [`${root}.log`, `${root}.marks`];
  const before = filesIn(root);
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, "workload_process.ts")], {
    env: {
      ...process.env,
      LD_PRELOAD: shim,
      KLOROS_POWER_ROOT: root,
      KLOROS_POWER_LOG: log,
      KLOROS_POWER_MARKS: marks,
      KLOROS_POWER_WORKLOAD: workload,
      KLOROS_POWER_SEED: String(seed),
    },
    stdout: "ignore",
    stderr: "pipe",
    timeout: LIMIT_MS,
  });
  const said = await new Response(child.stderr).text();
  // One workload ends itself so.
  if ((await child.exited) !== 0 && child.signalCode !== "SIGKILL")
    throw new Error(
      `the workload ${workload} (seed ${String(seed)}) ended with ${String(child.exitCode)}: ${said}`,
    );
  return { root, before, records: readRecording(log, root) };
}

function filesIn(root: string): Recording["before"] {
  return new Map(
    readdirSync(root).map((name) => [
      statSync(join(root, name)).ino,
      { name, bytes: new Uint8Array(readFileSync(join(root, name))) },
    ]),
  );
}
