import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "./find_program.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "find-program-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(path: string): string {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), "program");
  return join(dir, path);
}

function tar(name: string, ...what: string[]): string {
  Bun.spawnSync(["tar", "-C", dir, "-cf", join(dir, name), ...what]);
  return join(dir, name);
}

async function message(given: string): Promise<string> {
  return findProgram(given, dir).then(
    () => "found",
    (error: unknown) => (error as Error).message,
  );
}

test("a release is found in the file itself, and in each form of directory", async () => {
  const file = write("a/kloros");
  expect((await findProgram("a/kloros", dir)).path).toBe(file);
  for (const inside of ["dist/multicall/kloros", "release/bin/kloros", "plain/kloros"]) {
    const path = write(inside);
    expect((await findProgram(inside.split("/")[0] ?? "", dir)).path).toBe(path);
  }
});

test("a tar is unpacked, whether its directory is in it or only what that holds, and what was unpacked goes again", async () => {
  write("dist/multicall/kloros");
  for (const packed of [tar("one.tar", "dist"), tar("two.tar", "-C", "dist", "multicall")]) {
    const found = await findProgram(packed, dir);
    expect(found.path).toEndWith("/multicall/kloros");
    expect(existsSync(found.path)).toBe(true);
    found.forget();
    expect(existsSync(found.path)).toBe(false);
  }
});

test("what is no release says what would be one", async () => {
  mkdirSync(join(dir, "empty"));
  write("kloros_1_amd64.deb");
  write("broken.tar");
  write("other/file");
  expect(await message("nowhere")).toContain("there is no ");
  expect(await message("empty")).toContain("multicall/kloros");
  expect(await message("kloros_1_amd64.deb")).toContain("sudo apt install");
  expect(await message("broken.tar")).toContain("cannot be unpacked");
  tar("foreign.tar", "other");
  expect(await message("foreign.tar")).toContain("holds no release");
});
