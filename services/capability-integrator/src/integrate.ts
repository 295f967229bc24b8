/**
 * Carries out one integration: plan stored, `__init__.py`, registry, log, record; then the caller commits. Each step can
 * tell whether an earlier run did it, so a run after a crash finishes the work and returns what the first would have.
 * Call with the registry's lock held.
 */
import { appendOnce, crashPoint, localNaiveIso } from "@kloros/daemon";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ModuleToIntegrate } from "./decide.ts";
import { initFileText } from "./init_file.ts";
import { createInitFile, removeInitFile } from "./init_store.ts";
import { integratedLine } from "./integration_record.ts";
import type { IntegrationPlan } from "./plan.ts";
import { insertEntry } from "./registry_edit.ts";
import type { RegistryDocument } from "./registry_document.ts";
import { makeEntry } from "./registry_entry.ts";
import { sha256Hex } from "./registry_store.ts";
import type { ReadRegistry, RegistryStore } from "./registry_store.ts";
import { attempting } from "./world_errors.ts";

export interface Workplace {
  readonly store: RegistryStore;
  readonly registry: string;
  /** The installation's log of integrated capabilities. */
  readonly integratedLog: string;
  /** This service's own record, for undo. */
  readonly recordLog: string;
}

/** What one delivery brings along. */
export interface Work {
  /** Id of the signal that will tell of the integration. */
  readonly id: string;
  readonly question: string;
  readonly abort: AbortSignal;
  savePlan(plan: IntegrationPlan): Promise<void>;
}

export interface PlannedEdit {
  readonly plan: IntegrationPlan;
  readonly document: RegistryDocument;
}

/** Throws `RegistryEditError` when the text has no place for the entry. `nowMs` becomes the time of integration. */
export function planIntegration(
  registry: string,
  module: ModuleToIntegrate,
  found: ReadRegistry,
  nowMs: number,
): PlannedEdit {
  const entry = makeEntry(module.modulePath, module.pyFiles, localNaiveIso(nowMs * 1000));
  const { document, inserted } = insertEntry(found.document, module.key, entry);
  const plan: IntegrationPlan = {
    kind: "integrate",
    module,
    entry,
    integratedAt: new Date(nowMs).toISOString(),
    registry,
    inserted,
    sha256Before: found.sha256,
    sha256After: sha256Hex(document.text),
    initFile: module.createInit ? join(module.directory, "__init__.py") : null,
    logAppend: null,
    recordAppend: null,
  };
  return { plan, document };
}

/** An earlier run's plan on a registry that has changed since (but has no such entry): the same entry at its new place. */
export function replanIntegration(plan: IntegrationPlan, found: ReadRegistry): PlannedEdit {
  const { document, inserted } = insertEntry(found.document, plan.module.key, plan.entry);
  const changed = { inserted, sha256Before: found.sha256, sha256After: sha256Hex(document.text) };
  return { plan: { ...plan, ...changed }, document };
}

/** Creates the `__init__.py` and writes the registry; a registry that cannot be written takes the former back. */
export async function applyEdit(place: Workplace, work: Work, edit: PlannedEdit): Promise<void> {
  await work.savePlan(edit.plan);
  crashPoint("integrator.planned");
  work.abort.throwIfAborted();
  await ensureInitFile(edit.plan);
  crashPoint("integrator.init-created");
  try {
    work.abort.throwIfAborted();
    await place.store.write(edit.document);
  } catch (error) {
    takeBackInitFile(edit.plan);
    throw error;
  }
  crashPoint("integrator.registry-written");
}

/** True when a generated `__init__.py` is in place. */
export async function ensureInitFile(plan: IntegrationPlan): Promise<boolean> {
  const file = plan.initFile;
  if (file === null) return false;
  return attempting(`create ${file}`, () => createInitFile(file, initFileText(plan.module.modulePath)));
}

export function takeBackInitFile(plan: IntegrationPlan): boolean {
  return plan.initFile !== null && removeInitFile(plan.initFile, initFileText(plan.module.modulePath));
}

/** Both logs, each line once. The registry has the entry already. */
export async function writeLogs(
  place: Workplace,
  work: Work,
  plan: IntegrationPlan,
  initCreated: boolean,
): Promise<void> {
  let current = plan;
  const append = async (file: string, record: object, slot: "logAppend" | "recordAppend"): Promise<void> => {
    mkdirSync(dirname(file), { recursive: true });
    await appendOnce(file, JSON.stringify(record), {
      plan: current[slot],
      savePlan: async (appendPlan) => {
        current = { ...current, [slot]: appendPlan };
        await work.savePlan(current);
      },
      abort: work.abort,
    });
  };
  await append(place.integratedLog, logLine(plan, work.question), "logAppend");
  crashPoint("integrator.logged");
  await append(place.recordLog, integratedLine(work.id, plan, initCreated), "recordAppend");
  crashPoint("integrator.recorded");
}

/** Shape of existing installations. */
function logLine(plan: IntegrationPlan, question: string): object {
  return {
    capability: plan.module.capabilityKey,
    integrated_at: plan.entry.discovered_at,
    module_path: plan.module.modulePath,
    question,
  };
}
