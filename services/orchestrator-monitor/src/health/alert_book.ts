/** What the checks remember of their alerts, in one file of the state directory: a restart raises nothing again. */
import type { KeptMemory } from "../memory_file.ts";
import { NOTHING_KNOWN, type AlertMemory } from "./alert.ts";

/** By name of the check. */
export type Memories = Readonly<Record<string, AlertMemory>>;

export interface AlertBook {
  of(check: string): Promise<AlertMemory>;
  /**
   * Resolves when it is on disk. A disk that refuses (it is full, and that is what is to be told) is reported, not thrown:
   * the memory then lasts as long as the process, until a later write succeeds.
   */
  keep(check: string, memory: AlertMemory): Promise<void>;
}

/** The book of several checks. */
export interface SharedBook extends AlertBook {
  /** What all of them remember; empty before the first was asked. */
  all(): Iterable<AlertMemory>;
}

export function createAlertBook(file: KeptMemory<Memories>, refused: (error: unknown) => void): SharedBook {
  let known: ReadonlyMap<string, AlertMemory> = new Map();
  let loading: Promise<Map<string, AlertMemory>> | undefined;
  let turn: Promise<void> = Promise.resolve();
  const load = async (): Promise<Map<string, AlertMemory>> => {
    const memories = new Map(Object.entries((await file.get()) ?? {}));
    known = memories;
    return memories;
  };
  const memories = (): Promise<Map<string, AlertMemory>> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  return {
    all: () => known.values(),
    of: async (check) => (await memories()).get(check) ?? NOTHING_KNOWN,
    keep: async (check, memory) => {
      const all = await memories();
      all.set(check, memory);
      // In turn: a later write never has less than an earlier one.
      turn = turn.then(() => file.set(Object.fromEntries(all))).catch(refused);
      await turn;
    },
  };
}

/** Null when the value is not what was written here. */
export function readMemories(value: unknown): Memories | null {
  if (typeof value !== "object" || value === null) return null;
  const whole = Object.values(value as Record<string, Partial<AlertMemory> | null>).every(
    (memory) => typeof memory?.standing === "object" && memory.standing !== null && Array.isArray(memory.due),
  );
  return whole ? (value as Memories) : null;
}
