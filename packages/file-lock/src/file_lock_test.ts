import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileLockHeldError, acquireFileLock } from "./mod.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-lock-"));
  path = join(dir, "a.lock");
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("a second holder is refused and told who holds it; after the release it gets the lock", () => {
  const lock = acquireFileLock(path, "chemical-bus");
  expect(() => acquireFileLock(path, "other")).toThrow(FileLockHeldError);
  expect(() => acquireFileLock(path, "other")).toThrow(`chemical-bus (pid ${process.pid})`);
  lock.release();
  lock.release();
  expect(readFileSync(path, "utf8")).toBe("");
  acquireFileLock(path, "other").release();
});

test("a lock tells when its file was taken away, and another made in its place", () => {
  const lock = acquireFileLock(path, "first");
  expect(lock.stands).toBe(true);
  rmSync(path);
  expect(lock.stands).toBe(false);
  const second = acquireFileLock(path, "second");
  expect([lock.stands, second.stands]).toEqual([false, true]);
  second.release();
  expect(second.stands).toBe(false);
  lock.release();
});

test("a holder that is killed holds no lock any more", async () => {
  const program = `const { acquireFileLock } = await import(${JSON.stringify(join(import.meta.dir, "mod.ts"))});
    acquireFileLock(${JSON.stringify(path)}, "victim"); console.log("held"); await Bun.sleep(60000);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(() => acquireFileLock(path, "other")).toThrow(`victim (pid ${child.pid})`);
  child.kill("SIGKILL");
  await child.exited;
  acquireFileLock(path, "other").release();
});
