/** The monitor's only ways to the world: the registry's text, a module's directory, its own memory, changes of files. */
import { errorCode, writeFileAtomic } from "@kloros/daemon";
import { readdirSync, watch } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Memory } from "./decide.ts";

/** Undefined when the file does not exist. Throws when it is not UTF-8. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Of a module's directory below the source root; nothing there counts as no files. */
export function inspectModule(source: string, modulePath: string): { pyFiles: number; hasInit: boolean } {
  try {
    const names = readdirSync(join(source, ...modulePath.split(".")));
    return {
      pyFiles: names.filter((name) => name.endsWith(".py")).length,
      hasInit: names.includes("__init__.py"),
    };
  } catch {
    return { pyFiles: 0, hasInit: false };
  }
}

export interface MemoryFile {
  /** Null when there is none. One that cannot be read is kept aside as `*.damaged`; `damaged` is told its name. */
  load(): Promise<Memory | null>;
  save(memory: Memory): Promise<void>;
}

const SCHEMA = 1;

export function openMemoryFile(path: string, damaged: (keptAs: string) => void): MemoryFile {
  return {
    load: async () => {
      const text = await readText(path);
      if (text === undefined) return null;
      const memory = parseMemory(text);
      if (memory !== null) return memory;
      await rename(path, `${path}.damaged`);
      damaged(`${path}.damaged`);
      return null;
    },
    save: async (memory) => {
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, `${JSON.stringify({ schema: SCHEMA, newModules: memory })}\n`, {
        mode: 0o600,
      });
    },
  };
}

function parseMemory(text: string): Memory | null {
  try {
    const value = JSON.parse(text) as { schema?: unknown; newModules?: Partial<Memory> } | null;
    const memory = value?.newModules;
    if (value?.schema !== SCHEMA || typeof memory?.seen !== "object" || !Array.isArray(memory.due))
      return null;
    return memory as Memory;
  } catch {
    return null;
  }
}

export interface FileWatch {
  /** Starts watching where it does not yet (the directory was missing). Cheap; call it now and then. */
  ensure(): void;
  close(): void;
}

/**
 * Calls `changed` when a file of this path may have changed, was replaced or appeared: once for all events within
 * `gatherMs`, at their end. Only a hint: the kernel drops events when they are too many, hence the interval beside it.
 * The directory is watched, because a replaced file is another inode.
 */
export function watchFile(path: string, gatherMs: number, changed: () => void): FileWatch {
  let watcher: ReturnType<typeof watch> | undefined;
  let gathering = false;
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const tell = async (): Promise<void> => {
    if (gathering) return;
    gathering = true;
    await Bun.sleep(gatherMs);
    gathering = false;
    if (watcher !== undefined) changed();
  };
  return {
    ensure: () => {
      if (watcher !== undefined) return;
      try {
        watcher = watch(dirname(path), (_, name) => {
          if (name === null || name === basename(path)) void tell();
        });
        watcher.on("error", stop);
      } catch {
        // Not there yet: the next call tries again.
      }
    },
    close: stop,
  };
}
