/** What a check remembers over a restart: one small JSON file of its own below the state directory. */
import { writeFileAtomic } from "@kloros/daemon";
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { readText } from "./read_text.ts";

export interface KeptMemory<Memory> {
  /** Null when nothing is remembered. Read from disk once. */
  get(): Promise<Memory | null>;
  set(memory: Memory): Promise<void>;
}

export interface MemoryOptions<Memory> {
  /** False in observe mode: nothing is written, the memory lasts as long as the process. */
  readonly durable: boolean;
  /** What the memory is called in the file, so that a file of another check is not taken for it. */
  readonly key: string;
  /** Null when the value is not such a memory. */
  readonly read: (value: unknown) => Memory | null;
  /** The file cannot be read and is kept aside as `keptAs`; the memory begins anew. */
  readonly damaged: (keptAs: string) => void;
}

const SCHEMA = 1;

export function openMemory<Memory>(path: string, options: MemoryOptions<Memory>): KeptMemory<Memory> {
  let loaded = false;
  let current: Memory | null = null;
  return {
    get: async () => {
      if (!loaded) current = await load(path, options);
      loaded = true;
      return current;
    },
    set: async (memory) => {
      if (options.durable) {
        await mkdir(dirname(path), { recursive: true });
        const text = JSON.stringify({ schema: SCHEMA, [options.key]: memory });
        await writeFileAtomic(path, `${text}\n`, { mode: 0o600 });
      }
      current = memory;
      loaded = true;
    },
  };
}

async function load<Memory>(path: string, options: MemoryOptions<Memory>): Promise<Memory | null> {
  const text = await readText(path);
  if (text === undefined) return null;
  const memory = parse(text, options);
  if (memory !== null || !options.durable) return memory;
  await rename(path, `${path}.damaged`);
  options.damaged(`${path}.damaged`);
  return null;
}

function parse<Memory>(text: string, { key, read }: MemoryOptions<Memory>): Memory | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    return value?.["schema"] === SCHEMA ? read(value[key]) : null;
  } catch {
    return null;
  }
}
