/**
 * Puts the chosen binary where the program expects it: `libzmq.so` in this package's directory.
 *
 * Why a copy: Bun refuses to import a `.node` file as a plain file, accepts the same bytes as `.so`, and
 * embeds it into compiled programs. Why with tmp + rename: two installs may run at once, and a program
 * that has the old file open keeps it.
 */
import { copyFileSync, globSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseLibrary, libcOf } from "./library_choice.ts";

export interface LinkResult {
  /** Absolute path of `libzmq.so`. */
  readonly path: string;
  /** False: it was there already, byte for byte. */
  readonly changed: boolean;
}

export interface LinkOptions {
  /** Where to put it. Default: this package's directory. */
  readonly directory?: string;
}

/** Idempotent and atomic. Throws an Error that says what is missing. */
export function linkLibrary(options: LinkOptions = {}): LinkResult {
  const path = join(options.directory ?? dirname(import.meta.dirname), "libzmq.so");
  const build = join(dependencyDirectory(), "build");
  const machine = {
    platform: process.platform,
    arch: process.arch,
    libc: libcOf(readText("/proc/self/maps")),
  };
  const files = globSync("linux/*/node/*/addon.node", { cwd: build });
  const chosen = join(build, chooseLibrary(machine, files));
  if (sameContent(chosen, path)) return { path, changed: false };
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    copyFileSync(chosen, temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return { path, changed: true };
}

/** With isolated installs a dependency lies below the package that declares it: ask the resolver. */
function dependencyDirectory(): string {
  try {
    return dirname(fileURLToPath(import.meta.resolve("zeromq/package.json")));
  } catch (cause) {
    throw new Error("the package zeromq, which brings libzmq, is not installed: run `bun install`", {
      cause,
    });
  }
}

function sameContent(first: string, second: string): boolean {
  try {
    return readFileSync(first).equals(readFileSync(second));
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
