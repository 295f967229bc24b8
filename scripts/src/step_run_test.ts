import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./step_run.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "step-run-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function run(script: string, { timeoutMs = 10_000, signal = new AbortController().signal }: Given = {}) {
  const logPath = join(folder, "logs/step.log");
  return runCommand(["sh", "-c", script], { cwd: folder, logPath, timeoutMs, signal, graceMs: 200 });
}

function isAlive(pid: number): boolean {
  try {
    // An ended process that nobody has waited for yet still answers to signal 0.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function waitForFile(name: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await Bun.file(join(folder, name)).exists())) {
    if (performance.now() > deadline) throw new Error(`${name} did not appear within 5 s`);
    await Bun.sleep(5);
  }
}

async function waitForEnd(pid: number): Promise<boolean> {
  const deadline = performance.now() + 5000;
  while (isAlive(pid) && performance.now() < deadline) await Bun.sleep(5);
  return !isAlive(pid);
}

describe("runCommand()", () => {
  test("keeps both streams in their order, and the exit code", async () => {
    const result = await run("echo one; echo two >&2; echo three; exit 3");
    expect(result).toMatchObject({ output: "one\ntwo\nthree\n", exitCode: 3, timedOut: false });
  });

  test("ends a command and what it started at the time limit, also when they ignore SIGTERM", async () => {
    const result = await run("trap '' TERM; sleep 60 & echo $!; wait; sleep 60", { timeoutMs: 300 });
    expect(result).toMatchObject({ exitCode: 124, timedOut: true });
    expect(await waitForEnd(Number(result.output))).toBe(true);
  });

  test("ends what an orderly command left behind", async () => {
    const result = await run("sleep 60 >/dev/null 2>&1 & echo $!");
    expect(result).toMatchObject({ exitCode: 0, timedOut: false });
    expect(await waitForEnd(Number(result.output))).toBe(true);
  });

  test("ends at once when it is told to stop", async () => {
    const controller = new AbortController();
    const running = run(": >started; sleep 60", { signal: controller.signal });
    await waitForFile("started");
    controller.abort();
    expect(await running).toMatchObject({ timedOut: false, exitCode: 143 });
  });

  test("gives the command no input to wait for", async () => {
    expect(await run("cat; echo done")).toMatchObject({ output: "done\n", exitCode: 0 });
  });
});
