import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type Fault, plant } from "./fault.ts";

const FOLDERS = ["packages", "services", "cli"];
const FILES = ["package.json", "tsconfig.json", "bunfig.toml"];

/**
 * What tests of packages, services and the command need, in a directory of its own: faults are planted there, the checkout is never
 * touched. Workspaces find each other by relative links, so in the copy they find the copies; what others wrote is linked.
 */
export class CopiedTree {
  readonly root: string;

  constructor(from: string) {
    this.root = mkdtempSync(join(tmpdir(), "kloros-mutate-"));
    for (const name of [...FOLDERS, ...FILES]) {
      const built = /(^|\/)(dist|build)(\/|$)/;
      cpSync(join(from, name), join(this.root, name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !built.test(relative(from, path)),
      });
    }
    symlinkSync(join(from, "node_modules"), join(this.root, "node_modules"));
  }

  /** Runs `work` with the fault in place; the text is as before when it ends. Throws when the text is not there once. */
  async with<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
    const path = join(this.root, fault.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, plant(fault, text));
    try {
      return await work();
    } finally {
      writeFileSync(path, text);
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
