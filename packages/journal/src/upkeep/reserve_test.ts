import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Room } from "./reserve.ts";

const MIB = 1024 * 1024;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-reserve-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a reserve that cannot be made keeps publishers waiting, until it can", () => {
  const limits = { reserveBytes: MIB, freeBytesMin: MIB };
  // No file can be made there, as without an inode.
  mkdirSync(join(dir, "journal.reserve"));
  const room = new Room(join(dir, "journal.db"), { ...limits, reserveBytes: 2 ** 40 }, () => 2 ** 50);
  expect(room.tight).toBe(true);
  rmSync(join(dir, "journal.reserve"), { recursive: true });
  const better = new Room(join(dir, "journal.db"), limits, () => 100 * MIB);
  expect(better.tight).toBe(false);
});

test("a file system that does not say how much is free changes nothing", () => {
  const room = new Room(join(dir, "journal.db"), { reserveBytes: MIB, freeBytesMin: MIB }, () => undefined);
  expect(room.tight).toBe(false);
});
