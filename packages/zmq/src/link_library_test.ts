import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkLibrary } from "./link_library.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "zmq-link-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("linkLibrary() makes libzmq.so once and leaves no other file", () => {
  const first = linkLibrary({ directory });
  expect(first).toEqual({ path: join(directory, "libzmq.so"), changed: true });
  const { ino } = statSync(first.path);
  expect(linkLibrary({ directory }).changed).toBe(false);
  expect(statSync(first.path).ino).toBe(ino);
  expect(readdirSync(directory)).toEqual(["libzmq.so"]);
});

test("linkLibrary() replaces a file of another version, without writing into the old one", () => {
  const path = join(directory, "libzmq.so");
  writeFileSync(path, "old");
  const { ino } = statSync(path);
  expect(linkLibrary({ directory }).changed).toBe(true);
  expect(statSync(path).ino).not.toBe(ino);
});
