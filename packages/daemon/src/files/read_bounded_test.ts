import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBounded } from "./read_bounded.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kloros-bounded-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const wrong = async (path: string): Promise<unknown> =>
  readBounded(path, 5).catch((error: unknown) => String(error));

test("a file up to the limit is read whole, one above it not at all", async () => {
  const path = join(root, "a");
  writeFileSync(path, "12345");
  expect((await readBounded(path, 5)).toString()).toBe("12345");
  writeFileSync(path, "123456");
  expect(await wrong(path)).toContain("6 bytes, more than the 5");
});

test("what is no file is refused, and a pipe that nobody writes to is not waited for", async () => {
  const pipe = join(root, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  for (const path of [root, pipe, "/dev/zero"]) expect(await wrong(path)).toContain("no regular file");
  expect(await wrong(join(root, "none"))).toContain("ENOENT");
});
