import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface TestRun {
  readonly passed: boolean;
  readonly timedOut: boolean;
  readonly elapsedMs: number;
  /** Tests that failed, by name. */
  readonly failed: readonly string[];
  readonly output: string;
}

/** For a test that names no limit of its own, as in `./scripts/test`. */
const TEST_LIMIT = "--timeout=20000";

export interface RunOptions {
  /** For all of it, ms. */
  readonly limitMs: number;
  readonly stop: AbortSignal;
}

/** `bun test` until the first failure, as a process group that ends with it: a planted fault may leave processes behind. */
export async function runTests(
  root: string,
  tests: readonly string[],
  { limitMs, stop }: RunOptions,
): Promise<TestRun> {
  const log = join(root, "test.log");
  const fd = openSync(log, "w");
  const started = performance.now();
  const child = Bun.spawn(
    [process.execPath, "test", "--bail=1", TEST_LIMIT, ...tests.map((path) => `./${path}`)],
    {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", fd, fd],
      detached: true,
    },
  );
  closeSync(fd);
  const limit = AbortSignal.timeout(limitMs);
  const either = AbortSignal.any([limit, stop]);
  const end = (): void => {
    endGroup(child.pid);
  };
  either.addEventListener("abort", end, { once: true });
  if (either.aborted) end();
  const code = await child.exited;
  either.removeEventListener("abort", end);
  end();
  const output = readFileSync(log, "utf8");
  rmSync(log);
  return {
    passed: code === 0,
    timedOut: limit.aborted && !stop.aborted && child.signalCode !== null,
    elapsedMs: performance.now() - started,
    failed: [...output.matchAll(/^\(fail\) (.*?)(?: \[[\d.]+m?s\])?$/gm)].map(([, name = ""]) => name),
    output,
  };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has no process left: that is what was wanted.
  }
}
