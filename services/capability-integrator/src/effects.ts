/**
 * From a delivered completion to what is emitted. Everything that touches the world is reached from here; what to do is
 * decided in decide.ts.
 */
import type { Delivery } from "@kloros/bus-client";
import { syncDirectory } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { IntegrationFailed, ModuleIntegrated } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decide, directoryToInspect } from "./decide.ts";
import type { Decision, ModuleToIntegrate } from "./decide.ts";
import { capabilityKey, claimedName, isAboutUndiscoveredModule } from "./evidence.ts";
import type { Completion } from "./evidence.ts";
import { inspectDirectory } from "./inspect_directory.ts";
import {
  applyEdit,
  ensureInitFile,
  planIntegration,
  replanIntegration,
  takeBackInitFile,
  writeLogs,
} from "./integrate.ts";
import type { PlannedEdit, Work, Workplace } from "./integrate.ts";
import { readRecords } from "./integration_record.ts";
import type { config } from "./manifest.ts";
import { progressOf, readPlan } from "./plan.ts";
import type { IntegrationPlan } from "./plan.ts";
import { RegistryEditError } from "./registry_edit.ts";
import { openRegistryStore, withRegistryLock } from "./registry_store.ts";
import type { ReadRegistry } from "./registry_store.ts";
import { attempting } from "./world_errors.ts";

/** What an integrator needs of its service's context. */
export type IntegratorContext = Pick<
  ServiceContext<typeof config>,
  "config" | "paths" | "mode" | "log" | "clock" | "child" | "count"
>;
type Context = IntegratorContext;
type Emitted = { readonly emit: readonly Envelope[] } | undefined;

/** Where the record of changes stands; the operator's command reads it too. */
export function recordLogOf(state: string): string {
  return join(state, "integrations.jsonl");
}

/** One integrator at work; keeps the parsed registry between deliveries. */
export interface Integrator {
  handle(delivery: Delivery): Promise<Emitted>;
}

export function createIntegrator(context: Context): Integrator {
  const { paths } = context;
  const place: Workplace = {
    store: openRegistryStore(paths.registry),
    registry: paths.registry,
    integratedLog: paths.integratedLog,
    recordLog: recordLogOf(paths.state),
  };
  return {
    handle: async (delivery) => {
      const completion = delivery.signal.facts as Completion;
      if (!isAboutUndiscoveredModule(completion)) return undefined;
      if (context.mode === "observe") return observe(context, place, delivery, completion);
      const lock = { timeoutMs: context.config.lockTimeoutMs, abort: delivery.abort };
      return withRegistryLock(paths.registry, lock, async () => {
        const plan = readPlan(delivery.plan);
        if (plan === null) return begin(context, place, delivery, completion);
        return resume(context, place, delivery, completion, plan);
      });
    },
  };
}

async function begin(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
): Promise<Emitted> {
  const verdict = await judge(context, place, delivery, completion);
  return "settled" in verdict
    ? verdict.settled
    : carryOut(context, place, delivery, completion, verdict.edit);
}

type Verdict =
  | { readonly edit: PlannedEdit; readonly module: ModuleToIntegrate }
  | { readonly settled: Emitted };

/** What this completion asks for as things stand: an edit, or an end without one. Changes nothing. */
async function judge(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
): Promise<Verdict> {
  const found = await place.store.read();
  const decision = await situate(context, completion, found);
  if (decision.kind !== "integrate") return { settled: settle(context, delivery, completion, decision) };
  const { module } = decision;
  const edit = tryPlan(() => planIntegration(place.registry, module, found, context.clock.wallMs()));
  if ("refusal" in edit) return { settled: settle(context, delivery, completion, edit.refusal) };
  return { edit, module };
}

/** An earlier run stored its plan and did not come to its commit. Nothing is decided anew, only finished. */
async function resume(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
  plan: IntegrationPlan,
): Promise<Emitted> {
  const found = await place.store.read();
  const progress = progressOf(plan, found.document.entries.get(plan.module.key));
  context.log.info({ id: delivery.signal.id, key: plan.module.key, progress }, "resuming an integration");
  if (progress === "written") {
    // The run that renamed it into place may have died before the directory was on disk.
    syncDirectory(dirname(place.registry));
    return finish(context, place, delivery, completion, plan);
  }
  const id = integratedSignal(context, delivery, completion, plan, false).id;
  if (progress === "untouched" && wasUndone(place.recordLog, id)) {
    return { emit: [integratedSignal(context, delivery, completion, plan, plan.initFile !== null)] };
  }
  if (progress === "foreign") {
    takeBackInitFile(plan);
    const why = `somebody else's entry "${plan.module.key}" came first`;
    return settle(context, delivery, completion, { kind: "already", key: plan.module.key, why });
  }
  const edit = tryPlan(() => replanIntegration(plan, found));
  if ("refusal" in edit) {
    takeBackInitFile(plan);
    return settle(context, delivery, completion, edit.refusal);
  }
  return carryOut(context, place, delivery, completion, edit);
}

async function carryOut(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
  edit: PlannedEdit,
): Promise<Emitted> {
  await applyEdit(place, workOf(context, delivery, completion, edit.plan), edit);
  return finish(context, place, delivery, completion, edit.plan);
}

async function finish(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
  plan: IntegrationPlan,
): Promise<Emitted> {
  const initCreated = await ensureInitFile(plan);
  await writeLogs(place, workOf(context, delivery, completion, plan), plan, initCreated);
  const { name, modulePath, key } = plan.module;
  context.log.info({ module: modulePath, key, initCreated }, `integrated ${name}`);
  context.count("integrations_total", { outcome: "integrated" });
  return { emit: [integratedSignal(context, delivery, completion, plan, initCreated)] };
}

async function observe(
  context: Context,
  place: Workplace,
  delivery: Delivery,
  completion: Completion,
): Promise<Emitted> {
  const verdict = await judge(context, place, delivery, completion);
  if ("settled" in verdict) return verdict.settled;
  const { edit, module } = verdict;
  context.log.info({ key: module.key }, `would integrate ${module.name} (observe mode)`);
  return { emit: [integratedSignal(context, delivery, completion, edit.plan, module.createInit)] };
}

async function situate(context: Context, completion: Completion, found: ReadRegistry): Promise<Decision> {
  const source = context.paths.source;
  const directory = directoryToInspect(completion, source);
  const inspection =
    directory === undefined
      ? undefined
      : await attempting(`inspect ${directory}`, () => inspectDirectory(directory, source));
  const { confidenceMin, createInit } = context.config;
  const entries = found.document.entries;
  return decide({ completion, source, entries, inspection, config: { confidenceMin, createInit } });
}

/** For every decision that changes nothing. */
function settle(
  context: Context,
  delivery: Delivery,
  completion: Completion,
  decision: Exclude<Decision, { kind: "integrate" }>,
): Emitted {
  const about = { question: completion.question_id, id: delivery.signal.id };
  context.count("integrations_total", { outcome: decision.kind });
  if (decision.kind === "ignore") return undefined;
  if (decision.kind === "already") {
    context.log.info({ ...about, key: decision.key }, `nothing to integrate: ${decision.why}`);
    return undefined;
  }
  context.log.warn({ ...about, retryPossible: decision.retryPossible }, `not integrated: ${decision.reason}`);
  const facts = {
    capability_key: capabilityKey(completion),
    reason: decision.reason,
    failed_at: new Date(context.clock.wallMs()).toISOString(),
    investigation_timestamp: completion.investigation_timestamp,
    retry_possible: decision.retryPossible,
    module_name: claimedName(completion),
    question_id: completion.question_id,
  };
  return { emit: [context.child(delivery, IntegrationFailed, facts)] };
}

function integratedSignal(
  context: Context,
  delivery: Delivery,
  completion: Completion,
  plan: IntegrationPlan,
  initCreated: boolean,
): Envelope {
  const { name, modulePath, capabilityKey: capability }: ModuleToIntegrate = plan.module;
  return context.child(delivery, ModuleIntegrated, {
    module_name: name,
    module_path: modulePath,
    capability_key: capability,
    integrated_at: plan.integratedAt,
    investigation_timestamp: completion.investigation_timestamp,
    init_created: initCreated,
  });
}

function workOf(context: Context, delivery: Delivery, completion: Completion, plan: IntegrationPlan): Work {
  return {
    id: integratedSignal(context, delivery, completion, plan, false).id,
    question: completion.question ?? completion.question_id,
    abort: delivery.abort,
    savePlan: (changed) => delivery.savePlan(changed),
  };
}

/** A registry without a place for the entry is this module's failure, not the service's. */
function tryPlan(
  plan: () => PlannedEdit,
): PlannedEdit | { readonly refusal: Exclude<Decision, { kind: "integrate" }> } {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof RegistryEditError)) throw error;
    return { refusal: { kind: "refuse", reason: error.message, retryPossible: true } };
  }
}

/** The operator took it back before this delivery was committed: it stays taken back. */
function wasUndone(recordLog: string, id: string): boolean {
  if (!existsSync(recordLog)) return false;
  return readRecords(readFileSync(recordLog, "utf8")).some(
    (record) => record.id === id && record.state !== "integrated",
  );
}
