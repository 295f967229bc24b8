import { describe, expect, test } from "bun:test";
import { RetryableError } from "@kloros/bus-client";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf, openWorkbench } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";
import { attempting } from "./world_errors.ts";

describe("attempting()", () => {
  test.each([
    ["ENOSPC", "disk_full", "free space"],
    ["EDQUOT", "disk_full", "quota"],
    ["EROFS", "read_only", "mount it writable"],
    ["EACCES", "no_permission", "give it the right"],
    ["EPERM", "no_permission", "give it the right"],
    ["ENOTDIR", "wrong_kind", "move it away"],
    ["EISDIR", "wrong_kind", "move it away"],
    ["EMFILE", "too_many_files", "raise its limit"],
    ["EIO", "io", "see the error"],
  ])("says what %s means: %s", async (errno, code, advice) => {
    const failing = attempting("write /x/registry", () => {
      throw Object.assign(new Error(`${errno}: oh`), { code: errno, syscall: "write" });
    });
    const error: unknown = await failing.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain("cannot write /x/registry: ");
    expect(String(error)).toContain(advice);
  });

  test("lets other errors pass as they are", async () => {
    const bug = new TypeError("a bug");
    expect(attempting("do it", () => Promise.reject(bug))).rejects.toBe(bug);
  });
});

const run = (...command: string[]): boolean => Bun.spawnSync(command).exitCode === 0;

/** A file system of its own can be filled and made read-only, also for root. */
function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const bench = openWorkbench();
  const point = join(bench.root, "probe");
  mkdirSync(point);
  const mounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", point);
  if (mounted) run("umount", point);
  bench.remove();
  return mounted;
}

async function onSmallDisk(task: (bench: Workbench, sourceDisk: string) => Promise<void>): Promise<void> {
  const bench = openWorkbench();
  const disk = bench.paths.source;
  expect(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk)).toBe(true);
  try {
    mkdirSync(join(disk, "registry"));
    writeFileSync(bench.paths.registry, "voice: {module: src.voice}\n");
    await task(bench, disk);
  } finally {
    run("umount", disk);
    bench.remove();
  }
}

function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, "x".repeat(4096), { flag: "a" });
  } catch {
    // Full now.
  }
}

describe.skipIf(!canMount())("a disk (skipped where this user may not mount one)", () => {
  test.each([["core.py"], ["__init__.py"]])(
    "that is full changes nothing (%s), and goes on when it is not",
    async (file) => {
      await onSmallDisk(async (bench, disk) => {
        const directory = bench.addModule("audio", [file]);
        const id = bench.post("audio");
        const before = readFileSync(bench.paths.registry, "utf8");
        fill(join(disk, "filler"));
        const error: unknown = await bench.deliver(id).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ name: "RetryableError", code: "disk_full" });
        expect(readFileSync(bench.paths.registry, "utf8")).toBe(before);
        expect(readdirSync(directory)).toEqual([file]);
        expect(readdirSync(join(disk, "registry")).sort()).toEqual([
          "capabilities.yaml",
          "capabilities.yaml.lock",
        ]);
        rmSync(join(disk, "filler"));
        expect(await bench.deliver(id)).toHaveLength(1);
        expect(bench.registry()).toContain("audio:");
      });
    },
  );

  test("that is read-only is told apart, and goes on when it is writable", async () => {
    await onSmallDisk(async (bench, disk) => {
      bench.addModule("audio");
      const id = bench.post("audio");
      expect(run("mount", "-o", "remount,ro", disk)).toBe(true);
      const error: unknown = await bench.deliver(id).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "RetryableError", code: "read_only" });
      expect(run("mount", "-o", "remount,rw", disk)).toBe(true);
      expect(await bench.deliver(id)).toHaveLength(1);
    });
  });
});

test("a log that cannot be written delays the signal and loses nothing", async () => {
  const bench = openWorkbench();
  try {
    bench.addModule("audio");
    const id = bench.post("audio");
    mkdirSync(bench.paths.integratedLog, { recursive: true });
    expect(bench.deliver(id)).rejects.toThrow("cannot append to");
    await bench.deliver(id).catch(() => undefined);
    expect(bench.letter(id).emitted).toBeNull();
    rmSync(bench.paths.integratedLog, { recursive: true });
    expect(await bench.deliver(id)).toHaveLength(1);
    expect(bench.registry().match(/^audio:/gm)).toHaveLength(1);
    expect(linesOf(bench.paths.integratedLog)).toHaveLength(1);
    expect(existsSync(join(bench.paths.source, "audio/__init__.py"))).toBe(true);
  } finally {
    bench.remove();
  }
});
