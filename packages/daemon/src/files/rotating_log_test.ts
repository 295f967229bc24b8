import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RotatingLog } from "./rotating_log.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-log-"));
  path = join(directory, "logs/x.log");
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test("a log stays bounded, keeps the newest lines, and never cuts one", () => {
  const log = new RotatingLog(path, { bytesMax: 100, keep: 2 });
  for (let n = 0; n < 100; n++) log.write(`line ${n}`);
  log.close();
  const names = readdirSync(join(directory, "logs")).toSorted();
  expect(names).toEqual(["x.log", "x.log.1", "x.log.2"]);
  const lines = ["x.log.2", "x.log.1", "x.log"]
    .map((name) => readFileSync(join(directory, "logs", name), "utf8"))
    .join("")
    .trimEnd()
    .split("\n");
  const first = 100 - lines.length;
  expect(lines).toEqual(lines.map((_, index) => `line ${first + index}`));
  for (const name of names) expect(statSync(join(directory, "logs", name)).size).toBeLessThanOrEqual(100);
});

test("a log that was there is gone on with", () => {
  const first = new RotatingLog(path);
  first.write("before");
  first.close();
  const second = new RotatingLog(path);
  second.write("after");
  second.close();
  expect(readFileSync(path, "utf8")).toBe("before\nafter\n");
});

test("a line longer than the limit gets a file of its own", () => {
  const log = new RotatingLog(path, { bytesMax: 10, keep: 1 });
  log.write("short");
  log.write("x".repeat(50));
  log.close();
  expect(readFileSync(path, "utf8").length).toBe(51);
  expect(readFileSync(`${path}.1`, "utf8")).toBe("short\n");
});

test("without old files the current one starts anew", () => {
  const log = new RotatingLog(path, { bytesMax: 10, keep: 0 });
  for (const line of ["eight ch", "next"]) log.write(line);
  log.close();
  expect(readFileSync(path, "utf8")).toBe("next\n");
  expect(existsSync(`${path}.1`)).toBe(false);
});

test("lines that cannot be written are told, and stop nothing", () => {
  // Every write to it fails like on a full disk.
  const log = new RotatingLog("/dev/full", { bytesMax: 1000, keep: 0 });
  log.write("lost");
  expect(log.failure).toContain("ENOSPC");
  log.close();
});
