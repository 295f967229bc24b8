/** Which modules of the registry are news. Pure: what the registry holds and what is remembered come in as data. */
import type { FactsOf, ModuleDiscovered } from "@kloros/signal-schema";
import type { RegisteredModule } from "./registry_modules.ts";

export interface Announcement {
  readonly facts: FactsOf<typeof ModuleDiscovered>;
  readonly discoveredAt: string;
  /** UTC ms. Part of the derived id, so it is fixed before the first attempt. */
  readonly timestampMs: number;
}

export interface Seen {
  readonly discoveredAt: string;
  /** False: it was there at the first look, and nobody was told of it. */
  readonly announced: boolean;
}

export interface Memory {
  readonly seen: Readonly<Record<string, Seen>>;
  /** Decided and stored, not yet known to be on the bus. Frozen: a repetition is the same to the byte. */
  readonly due: readonly Announcement[];
}

export interface Sighting {
  readonly modules: readonly RegisteredModule[];
  /** Null at the very first look. */
  readonly memory: Memory | null;
  /** Paths that a `Q_MODULE_INTEGRATED` told of. */
  readonly integrated: ReadonlySet<string>;
}

/** Modules that left the registry are remembered up to this many; one that comes back unchanged is no news. */
export const SEEN_MAX = 20_000;

/** The modules to announce. At the first look all that is there is old, except what this system integrated itself. */
export function newModules({ modules, memory, integrated }: Sighting): readonly RegisteredModule[] {
  return modules.filter((module) => {
    const told = integrated.has(module.path);
    if (memory === null) return told;
    const seen = memory.seen[module.path];
    if (seen === undefined || seen.discoveredAt !== module.discoveredAt) return true;
    return told && !seen.announced;
  });
}

/** What is remembered after a look: all that is there, and what is due now. */
export function remember({ modules, memory }: Sighting, announcements: readonly Announcement[]): Memory {
  const announced = new Set(announcements.map((announcement) => announcement.facts.module_path));
  const now = modules.map((module): [string, Seen] => {
    const before = memory?.seen[module.path];
    const same = before?.discoveredAt === module.discoveredAt && before.announced;
    return [
      module.path,
      { discoveredAt: module.discoveredAt, announced: same || announced.has(module.path) },
    ];
  });
  const all = { ...memory?.seen, ...Object.fromEntries(now) };
  const seen = Object.keys(all).length > SEEN_MAX ? Object.fromEntries(now) : all;
  return { seen, due: [...(memory?.due ?? []), ...announcements] };
}

/** Nothing changed and nothing is due: no need to write the memory again. */
export function isSettled(memory: Memory | null, next: Memory): boolean {
  return (
    memory !== null && next.due.length === 0 && JSON.stringify(memory.seen) === JSON.stringify(next.seen)
  );
}

/** The entry's own time where it has one, so that even a lost memory leads to the same id; else when it was first seen. */
export function announcementTime(discoveredAt: string, nowMs: number): number {
  const atMs = Date.parse(discoveredAt);
  return Number.isFinite(atMs) && atMs >= 0 && atMs <= nowMs ? atMs : nowMs;
}

export function announce(
  module: RegisteredModule,
  directory: { readonly pyFiles: number; readonly hasInit: boolean },
  nowMs: number,
): Announcement {
  return {
    facts: {
      module_name: module.name,
      module_path: module.path,
      investigation_id: `discover.module.${module.name}`,
      py_files_count: module.pyFiles ?? directory.pyFiles,
      has_init: directory.hasInit,
    },
    discoveredAt: module.discoveredAt,
    timestampMs: announcementTime(module.discoveredAt, nowMs),
  };
}

/** What identifies an announcement besides its time. */
export function idKey({ facts, discoveredAt }: Announcement): string {
  return JSON.stringify([facts.module_path, discoveredAt]);
}
