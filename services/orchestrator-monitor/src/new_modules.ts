/**
 * The check that announces modules which are new in the registry.
 *
 * Order, so that a crash anywhere neither loses nor doubles an announcement: decided, remembered as due (on disk), published
 * with a derived id, remembered as done. What is due is published again after a restart, same id, same text.
 */
import { crashPoint } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { isSignal, ModuleDiscovered, ModuleIntegrated, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { join } from "node:path";
import type { Check, Findings } from "./check.ts";
import { announce, idKey, isSettled, newModules, remember } from "./decide.ts";
import type { Announcement, Memory } from "./decide.ts";
import { inspectModule, openMemoryFile, readText } from "./effects.ts";
import type { MemoryFile } from "./effects.ts";
import type { config } from "./manifest.ts";
import { discoveredModules, type RegisteredModule } from "./registry_modules.ts";

/** What this check needs of its service's context. */
export type NewModulesContext = Pick<
  ServiceContext<typeof config>,
  "config" | "paths" | "mode" | "log" | "clock" | "root"
>;

export function newModulesCheck(context: NewModulesContext): Check {
  const { paths, log } = context;
  const file = openMemoryFile(join(paths.state, "orchestrator-monitor.json"), (keptAs) =>
    log.warn(
      { keptAs },
      "the memory of seen modules was damaged; what the registry holds now counts as seen",
    ),
  );
  const memory = keepMemory(file, context.mode === "act");
  /** A hand-written entry may name what no signal can say; it must not hold up the others. */
  const isAnnounceable = ({ facts }: Announcement): boolean => {
    const valid = validateFacts(ModuleDiscovered, facts);
    if (!valid.ok) {
      const why = `the registry's module ${JSON.stringify(facts.module_path.slice(0, 200))} is not announced: ${valid.text}`;
      log.warn({ registry: paths.registry }, `${why}; correct its entry`);
    }
    return valid.ok;
  };
  /** A change is seen twice, by the file and by its signal: the second look need not parse again. */
  let last: { readonly text: string; readonly modules: readonly RegisteredModule[] } | undefined;
  return {
    name: "new_modules",
    intervalMs: context.config.newModulesIntervalMs,
    watches: { files: [paths.registry], signals: [ModuleIntegrated] },
    run: async ({ signals }) => {
      const before = await memory.get();
      const text = (await readText(paths.registry)) ?? "";
      if (text === last?.text && signals.length === 0 && before !== null && before.due.length === 0) {
        return { advisories: [] };
      }
      const modules = text === last?.text ? last.modules : discoveredModules(text);
      const sighting = { modules, memory: before, integrated: pathsOf(signals) };
      const nowMs = context.clock.wallMs();
      const fresh = newModules(sighting).map((module) =>
        announce(module, inspectModule(paths.source, module.path), nowMs),
      );
      const next = remember(sighting, fresh.filter(isAnnounceable));
      if (!isSettled(before, next)) await memory.set(next);
      // A parsed registry leaves many times its size behind; collected late, a large one would fill the memory with it.
      if (text !== last?.text) Bun.gc(true);
      last = { text, modules };
      return findings(context, memory, next);
    },
  };
}

interface KeptMemory {
  get(): Promise<Memory | null>;
  set(memory: Memory): Promise<void>;
}

/** In observe mode nothing is written: the memory lasts as long as the process. */
function keepMemory(file: MemoryFile, durable: boolean): KeptMemory {
  let loaded = false;
  let current: Memory | null = null;
  return {
    get: async () => {
      if (!loaded) current = await file.load();
      loaded = true;
      return current;
    },
    set: async (memory) => {
      if (durable) await file.save(memory);
      current = memory;
    },
  };
}

function findings(context: NewModulesContext, memory: KeptMemory, next: Memory): Findings {
  if (next.due.length === 0) return { advisories: [] };
  crashPoint("monitor.remembered");
  const advisories = next.due.map((due) =>
    context.root(ModuleDiscovered, due.facts, { idKey: idKey(due), timestampMs: due.timestampMs }),
  );
  const published = async (): Promise<void> => {
    crashPoint("monitor.published");
    await memory.set({ ...next, due: [] });
  };
  return { advisories, published };
}

function pathsOf(signals: readonly Envelope[]): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const signal of signals) {
    if (isSignal(ModuleIntegrated, signal)) paths.add(signal.facts.module_path);
  }
  return paths;
}
