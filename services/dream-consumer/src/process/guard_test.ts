import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "@kloros/daemon/testing";
import { endTagged, signalGroup } from "./end_processes.ts";
import { startGuard } from "./guard.ts";
import { identify, isSame, RUN_TAG_VARIABLE, taggedProcesses } from "./proc.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

const started: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) {
    signalGroup(one.pid, "SIGKILL");
    await one.exited;
  }
});

function sleeper(runTag: string, script = "sleep 60; :"): Bun.Subprocess {
  const child = Bun.spawn(["sh", "-c", script], {
    env: { PATH: process.env["PATH"] ?? "", [RUN_TAG_VARIABLE]: runTag },
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  started.push(child);
  return child;
}

const tagOf = (name: string): string => `test-${process.pid}-${name}`;

test("processes are found by their whole run tag, in whichever session they are", async () => {
  const tag = tagOf("found");
  const child = sleeper(tag, "setsid sleep 60 & sleep 60; :");
  const longer = sleeper(`${tag}0`);
  await until("three processes", () => taggedProcesses(tag).length === 3);
  expect(taggedProcesses(tag)).toContain(child.pid);
  expect(taggedProcesses(tag)).not.toContain(longer.pid);
  expect(await endTagged(tag)).toEqual([]);
  expect(taggedProcesses(`${tag}0`).length).toBeGreaterThan(0);
  await endTagged(`${tag}0`);
});

test("processes that do nothing but start the next one are caught, too", async () => {
  const script = join(mkdtempSync(join(tmpdir(), "kloros-chain-")), "chain.sh");
  writeFileSync(script, '#!/bin/sh\nsetsid "$0" &\n', { mode: 0o755 });
  try {
    for (let n = 0; n < 4; n += 1) {
      const tag = tagOf(`chain-${n}`);
      sleeper(tag, script);
      await until("the chain", () => taggedProcesses(tag).length > 0);
      expect(await endTagged(tag)).toEqual([]);
      for (let look = 0; look < 10; look += 1) expect(taggedProcesses(tag)).toEqual([]);
    }
  } finally {
    // Without the script no chain goes on.
    rmSync(dirname(script), { recursive: true });
  }
});

test("a guard that is released leaves everything alone and goes", async () => {
  const tag = tagOf("released");
  const child = sleeper(tag);
  const guard = startGuard(tag);
  guard.watch(child.pid);
  await guard.release();
  expect(identify(guard.pid)).toBeNull();
  expect(child.exitCode).toBeNull();
  expect(child.killed).toBe(false);
  await endTagged(tag);
});

test("a guard that somebody kills disturbs nothing", async () => {
  const guard = startGuard(tagOf("killed"));
  process.kill(guard.pid, "SIGKILL");
  guard.watch(4_000_000);
  guard.groupOver();
  await guard.release();
});

test("a guard that hangs is ended", async () => {
  const guard = startGuard(tagOf("hung"));
  process.kill(guard.pid, "SIGSTOP");
  await guard.release();
  await until("its end", () => identify(guard.pid) === null);
});

test("a process is told from a later one with its pid", async () => {
  const child = sleeper(tagOf("same"));
  const identity = identify(child.pid);
  if (identity === null) throw new Error("it runs");
  expect(isSame(identity)).toBe(true);
  expect(isSame({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
  expect(isSame({ ...identity, bootId: "another" })).toBe(false);
  signalGroup(child.pid, "SIGKILL");
  await child.exited;
  expect(isSame(identity)).toBe(false);
});
