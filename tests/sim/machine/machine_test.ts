import { expect, test } from "bun:test";
import { EventQueue } from "./event_queue.ts";
import { Machine } from "./machine.ts";
import type { Program } from "./process.ts";

const ticking: Program = async (process) => {
  for (;;) {
    await process.disk.append("ticks", "tick\n");
    await new Promise<void>((resolve) => void process.ambient.after(10, resolve));
  }
};
const ticks = (machine: Machine): number =>
  (machine.disk.files.get("ticks") ?? "").split("tick\n").length - 1;

test("events come in the order of their time, and of one owner first come, first served", () => {
  const queue = new EventQueue();
  const seen: string[] = [];
  const [one, two] = [{ salt: 1 }, { salt: 2 }];
  for (const [at, owner, name] of [
    [5, one, "1a"],
    [3, two, "2a"],
    [5, two, "2b"],
    [5, one, "1b"],
    [1, undefined, "first"],
  ] as const)
    queue.add(at, owner, () => seen.push(name));
  for (let event = queue.take(); event !== undefined; event = queue.take()) event.run();
  expect(seen.slice(0, 2)).toEqual(["first", "2a"]);
  expect(seen.indexOf("1a")).toBeLessThan(seen.indexOf("1b"));
  expect(seen).toHaveLength(5);
});

test("a process that is killed does nothing any more, until it is started again", () => {
  const machine = new Machine({ seed: 1 });
  machine.start("clock", ticking, { restartMs: { from: 500, to: 500 } });
  machine.runFor(100);
  machine.kill("clock");
  const before = ticks(machine);
  expect(before).toBeGreaterThan(0);
  machine.runFor(499);
  expect(ticks(machine)).toBe(before);
  machine.runFor(100);
  expect(ticks(machine)).toBeGreaterThan(before);
});

test("a process that is stopped does nothing until it is continued, while its clock goes on", () => {
  const machine = new Machine({ seed: 1 });
  machine.start("clock", ticking);
  machine.runFor(100);
  machine.stop("clock");
  machine.runFor(5);
  const before = ticks(machine);
  machine.runFor(1000);
  expect(ticks(machine)).toBe(before);
  expect(machine.process("clock")?.ambient.monotonicMs()).toBeGreaterThan(1000);
  machine.continue("clock");
  machine.runFor(50);
  expect(ticks(machine)).toBeGreaterThan(before);
});

test("who dies while it appends leaves any beginning of it, and its lock", () => {
  const left = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const machine = new Machine({ seed });
    machine.start("writer", async (process) => {
      await process.disk.lock("file");
      await process.disk.append("file", "abc");
    });
    machine.runUntil(() => machine.process("writer") !== undefined, 1);
    machine.runFor(0.2);
    machine.retire("writer");
    machine.kill("writer");
    left.add(machine.disk.files.get("file") ?? "");
    let got = false;
    machine.start("other", async (process) => {
      await process.disk.lock("file");
      got = true;
    });
    machine.runFor(10);
    expect(got).toBe(true);
  }
  expect([...left].sort()).toEqual(["", "a", "ab", "abc"]);
});

test("after the power failed everything is started again, under another boot", () => {
  const machine = new Machine({ seed: 1 });
  machine.start("clock", ticking);
  machine.runFor(100);
  const boot = machine.boot();
  machine.reboot();
  expect(machine.process("clock")).toBeUndefined();
  machine.runFor(2000);
  expect(machine.process("clock")?.state).toBe("running");
  expect(machine.boot().id).not.toBe(boot.id);
  expect(machine.disk.files.get("ticks")).toContain("tick");
});
