import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

/** This package without its libzmq.so, as in a fresh clone whose set-up was skipped. */
function copyPackage(): void {
  const source = dirname(import.meta.dirname);
  cpSync(join(source, "src"), join(directory, "src"), { recursive: true });
  cpSync(join(source, "package.json"), join(directory, "package.json"));
  symlinkSync(join(source, "node_modules"), join(directory, "node_modules"));
}

function run(...args: readonly string[]): Bun.SyncSubprocess<"pipe", "pipe"> {
  return Bun.spawnSync([process.execPath, ...args], { cwd: directory, timeout: 10_000 });
}

test("from source, a missing libzmq.so is made at first use", () => {
  copyPackage();
  const program = 'import { curveKeypair } from "./src/mod.ts"; curveKeypair();';
  expect(run("-e", program).stderr.toString()).toBe("");
  expect(existsSync(join(directory, "libzmq.so"))).toBe(true);
});

test("a program cannot be compiled without libzmq.so, rather than fail later", () => {
  copyPackage();
  const built = run("build", "--compile", "src/fixtures/unwatched_program.ts", "--outfile", "program");
  expect(built.exitCode).not.toBe(0);
  expect(built.stderr.toString()).toContain("libzmq.so");
});
