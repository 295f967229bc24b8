/** capability-integrator: whether a module is entered is the service's own decision; the registry is a file of the simulation. */
import {
  capabilityKey,
  claimedName,
  type Completion,
  decide,
  type DirectoryInspection,
  directoryToInspect,
  type ModuleToIntegrate,
} from "@kloros/capability-integrator/testing";
import { IntegrationFailed, InvestigationComplete, ModuleIntegrated } from "@kloros/signal-schema";
import type { Delivery } from "@kloros/bus-client";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { child, consuming, type HouseContext, readJson } from "./consuming.ts";
import { type ModuleOnDisk, SOURCE } from "./house_scenario.ts";
import { readRegistry, REGISTRY } from "./registry.ts";

const NAME = "capability-integrator";
const CONFIG = { confidenceMin: 0.6, createInit: true };

interface Plan {
  readonly module: ModuleToIntegrate;
  readonly at: string;
}

export function integrator(context: HouseContext): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const settings = {
      name: NAME,
      signals: [InvestigationComplete.name],
      concurrency: 1,
      attemptsMax: 20,
    };
    await consuming(process, bus, context, settings, async (delivery) => {
      const completion = delivery.signal.facts as Completion;
      const unlock = await process.disk.lock(REGISTRY);
      try {
        const plan = (delivery.plan as Plan | null) ?? (await judge(process, delivery, completion));
        if (!("module" in plan)) return plan.emit === undefined ? undefined : { emit: plan.emit };
        await enter(process, plan, delivery.abort);
        return { emit: [integrated(process, delivery, completion, plan)] };
      } finally {
        unlock();
      }
    });
  };
}

/** A plan that is stored, or what is said instead. */
async function judge(process: SimulatedProcess, delivery: Delivery, completion: Completion) {
  const directory = directoryToInspect(completion, SOURCE);
  const inspection = directory === undefined ? undefined : await inspect(process, directory);
  const entries = new Map(Object.entries(await readRegistry(process)));
  const decision = decide({ completion, source: SOURCE, entries, inspection, config: CONFIG });
  if (decision.kind === "integrate") {
    const plan: Plan = { module: decision.module, at: new Date(process.wallMs()).toISOString() };
    await delivery.savePlan(plan);
    return plan;
  }
  if (decision.kind !== "refuse") return { emit: undefined };
  const facts = {
    capability_key: capabilityKey(completion),
    reason: decision.reason,
    failed_at: new Date(process.wallMs()).toISOString(),
    investigation_timestamp: completion.investigation_timestamp,
    retry_possible: decision.retryPossible,
    module_name: claimedName(completion),
    question_id: completion.question_id,
  };
  return { emit: [child(process, delivery, IntegrationFailed, facts)] };
}

async function inspect(process: SimulatedProcess, directory: string): Promise<DirectoryInspection> {
  const seen = await readJson<ModuleOnDisk | null>(process, directory, null);
  const { pyFiles, hasInit } = seen ?? { pyFiles: 0, hasInit: false };
  const kind = seen === null ? "absent" : "directory";
  return { kind, pyFiles, hasInit, realDirectory: directory, realSource: SOURCE };
}

async function enter(process: SimulatedProcess, { module, at }: Plan, abort: AbortSignal): Promise<void> {
  const registry = await readRegistry(process);
  if (registry[module.key] !== undefined) return;
  abort.throwIfAborted();
  const { modulePath, pyFiles } = module;
  const entry = { module: modulePath, autoDiscovered: true, discoveredAt: at, pyFiles };
  await process.disk.writeAtomic(REGISTRY, JSON.stringify({ ...registry, [module.key]: entry }));
}

function integrated(
  process: SimulatedProcess,
  delivery: Delivery,
  { investigation_timestamp }: Completion,
  { module, at }: Plan,
) {
  const { name: module_name, modulePath: module_path, capabilityKey: capability_key } = module;
  return child(process, delivery, ModuleIntegrated, {
    module_name,
    module_path,
    capability_key,
    integrated_at: at,
    investigation_timestamp,
    init_created: module.createInit,
  });
}
