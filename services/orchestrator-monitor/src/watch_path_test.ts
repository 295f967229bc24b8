import { afterEach, beforeEach, expect, test } from "bun:test";
import { until } from "@kloros/daemon/testing";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchDirectory, watchFile } from "./watch_path.ts";

let directory: string;
let calls: number;
const called = (): void => {
  calls += 1;
};
beforeEach(() => {
  calls = 0;
  directory = mkdtempSync(join(tmpdir(), "kloros-watch-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("watchFile() tells of a file that appears, is replaced and is written, gathered", async () => {
  const path = join(directory, "registry/capabilities.yaml");
  const watch = watchFile(path, { gatherMs: () => 20 }, called);
  try {
    watch.ensure();
    mkdirSync(join(directory, "registry"));
    watch.ensure();
    for (let n = 0; n < 50; n += 1) writeFileSync(path, `a: ${n}\n`);
    await until("a hint", () => calls > 0);
    expect(calls).toBeLessThan(10);
    const before = calls;
    writeFileSync(join(directory, "registry/.tmp"), "b: 1\n");
    renameSync(join(directory, "registry/.tmp"), path);
    await until("a hint", () => calls > before);
  } finally {
    watch.close();
  }
});

test("watchDirectory() waits for a directory that does not exist, however deep, and for a replaced one", async () => {
  const target = join(directory, "a/b/promotions");
  const watch = watchDirectory(target, { gatherMs: () => 1 }, called);
  try {
    watch.ensure();
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, "one.json"), "{}");
    await until("a hint", () => calls > 0);
    const before = calls;
    renameSync(join(directory, "a"), join(directory, "old"));
    mkdirSync(target, { recursive: true });
    watch.ensure();
    await until("a hint", () => calls > before);
    const replaced = calls;
    renameSync(target, join(directory, "a/b/old"));
    mkdirSync(target);
    writeFileSync(join(target, "three.json"), "{}");
    await until("a hint of the directory that came in its place", () => calls > replaced);
    const again = calls;
    writeFileSync(join(target, "two.json"), "{}");
    await until("a hint", () => calls > again);
  } finally {
    watch.close();
  }
});
