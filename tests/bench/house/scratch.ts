/** What a benchmark takes from the machine and gives back: a directory on a real disk, and child processes. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, type ChildOptions } from "./child.ts";

/** statfs(2): file systems that live in memory, where a sync costs nothing. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6]);
const CLONE = join(import.meta.dir, "../../..");

export class Scratch {
  readonly directory: string;
  readonly #children = new Set<Child>();
  readonly #lent = new Set<() => Promise<void>>();
  #subdirectories = 0;

  constructor() {
    this.directory = mkdtempSync(join(parentDirectory(), "kb-"));
  }

  /** A new, empty directory. Names stay short: socket paths have 107 bytes at most. */
  subdirectory(): string {
    const path = join(this.directory, String(++this.#subdirectories));
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  spawn(
    name: string,
    command: readonly string[],
    options: Omit<ChildOptions, "name" | "command"> = {},
  ): Child {
    const child = new Child({ name, command, ...options });
    this.#children.add(child);
    return child;
  }

  /** A program of the benchmarks: its file, and its arguments. */
  run(file: string, args: readonly (string | number)[] = []): Child {
    const name = file.slice(file.lastIndexOf("/") + 1);
    return this.spawn(name, [process.execPath, file, ...args.map(String)]);
  }

  /** The other way round than they were started: clients before servers. */
  async end(children: readonly Child[] = [...this.#children]): Promise<void> {
    for (const child of children.toReversed()) {
      await child.end();
      this.#children.delete(child);
    }
  }

  /** Something else that is to be given back: by calling what this returns, or when the benchmark ends. Once. */
  lend(giveBack: () => Promise<void> | void): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.#lent.delete(once)) await giveBack();
    };
    this.#lent.add(once);
    return once;
  }

  async close(): Promise<void> {
    await this.end();
    for (const giveBack of [...this.#lent].toReversed()) await giveBack();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function parentDirectory(): string {
  if (!IN_MEMORY.has(statfsSync(tmpdir()).type)) return tmpdir();
  const inClone = join(CLONE, ".cache", "bench");
  mkdirSync(inClone, { recursive: true });
  return inClone;
}
