import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "@kloros/daemon/testing";
import { startGuard } from "./guard.ts";
import { endMarked, markedProcesses, signalGroup, type Mark } from "./marked.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

const started: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) {
    signalGroup(one.pid, "SIGKILL");
    await one.exited;
  }
});

function sleeper({ entry }: Mark, script = "sleep 60; :"): Bun.Subprocess {
  const child = Bun.spawn(["sh", "-c", script], {
    env: { PATH: process.env["PATH"] ?? "", [NAME]: entry.slice(NAME.length + 1) },
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  started.push(child);
  return child;
}

const isThere = (pid: number): boolean => existsSync(`/proc/${String(pid)}`);
const NAME = "KLOROS_TEST_MARK";
const markOf = (name: string): Mark => ({ entry: `${NAME}=test-${process.pid}-${name}` });

test("processes are found by their whole mark, in whichever session they are", async () => {
  const mark = markOf("found");
  const longerMark = { entry: `${mark.entry}0` };
  const child = sleeper(mark, "setsid sleep 60 & sleep 60; :");
  const longer = sleeper(longerMark);
  await until("three processes", () => markedProcesses(mark).length === 3);
  expect(markedProcesses(mark)).toContain(child.pid);
  expect(markedProcesses(mark)).not.toContain(longer.pid);
  expect(await endMarked(mark)).toEqual([]);
  expect(markedProcesses(longerMark).length).toBeGreaterThan(0);
  await endMarked(longerMark);
});

test("processes that do nothing but start the next one are caught, too", async () => {
  const script = join(mkdtempSync(join(tmpdir(), "kloros-chain-")), "chain.sh");
  writeFileSync(script, '#!/bin/sh\nsetsid "$0" &\n', { mode: 0o755 });
  try {
    for (let n = 0; n < 4; n += 1) {
      const mark = markOf(`chain-${n}`);
      sleeper(mark, script);
      await until("the chain", () => markedProcesses(mark).length > 0);
      expect(await endMarked(mark)).toEqual([]);
      for (let look = 0; look < 10; look += 1) expect(markedProcesses(mark)).toEqual([]);
    }
  } finally {
    // Without the script no chain goes on.
    rmSync(dirname(script), { recursive: true });
  }
});

test("a guard that is released leaves everything alone and goes", async () => {
  const mark = markOf("released");
  const child = sleeper(mark);
  const guard = startGuard(mark);
  guard.watch(child.pid);
  await guard.release();
  await until("the guard to be gone", () => !isThere(guard.pid));
  expect(child.exitCode).toBeNull();
  expect(child.killed).toBe(false);
  await endMarked(mark);
});

test.each([false, true])(
  "a guard without its starter ends what carries the mark, open: %p",
  async (isOpen) => {
    const mark = markOf(`orphan-${String(isOpen)}.1`);
    sleeper(mark, "setsid sleep 60 & sleep 60; :");
    await until("three processes", () => markedProcesses(mark).length === 3);
    const open = isOpen ? { entry: mark.entry.slice(0, -1), isOpen } : mark;
    const script = `const { startGuard } = await import(${JSON.stringify(join(import.meta.dir, "guard.ts"))}); startGuard(${JSON.stringify(open)}); process.kill(process.pid, "SIGKILL");`;
    await Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "ignore", "ignore"] }).exited;
    await until("none", () => markedProcesses(mark).length === 0);
  },
);

test("a guard that somebody kills disturbs nothing", async () => {
  const guard = startGuard(markOf("killed"));
  process.kill(guard.pid, "SIGKILL");
  guard.watch(4_000_000);
  guard.groupOver();
  await guard.release();
});

test("a guard that hangs is ended", async () => {
  const guard = startGuard(markOf("hung"));
  process.kill(guard.pid, "SIGSTOP");
  await guard.release();
  await until("its end", () => !isThere(guard.pid));
});
