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
import type { Check, Findings } from "../check.ts";
import { announce, idKey, isSettled, newModules, remember } from "./decide.ts";
import type { Announcement, Memory } from "./decide.ts";
import { openMemory } from "../memory_file.ts";
import type { KeptMemory } from "../memory_file.ts";
import { readText } from "../read_text.ts";
import type { config } from "./config.ts";
import { inspectModule } from "./inspect_module.ts";
import { discoveredModules, type RegisteredModule } from "./registry_modules.ts";

/** What this check needs of its service's context. */
export type NewModulesContext = Pick<
  ServiceContext<typeof config>,
  "config" | "paths" | "mode" | "log" | "clock" | "root"
>;

export function newModulesCheck(context: NewModulesContext): Check {
  const { paths, log } = context;
  const memory = openMemory<Memory>(join(paths.state, "orchestrator-monitor.json"), {
    durable: context.mode === "act",
    key: "newModules",
    read: readMemory,
    damaged: (keptAs) =>
      log.warn(
        { keptAs },
        "the memory of seen modules was damaged; what the registry holds now counts as seen",
      ),
  });
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

function readMemory(value: unknown): Memory | null {
  const memory = value as Partial<Memory> | null | undefined;
  return typeof memory?.seen === "object" && Array.isArray(memory.due) ? (memory as Memory) : null;
}

function findings(context: NewModulesContext, memory: KeptMemory<Memory>, next: Memory): Findings {
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
