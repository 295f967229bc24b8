/**
 * The service's own record of what it changed, `<state>/integrations.jsonl`: one line an event, appended, never rewritten.
 * From it `kloros integrations list` tells and `undo` knows what to take back. Pure: lines in, records out.
 */
import type { IntegrationPlan } from "./plan.ts";
import type { RegistryEntry } from "./registry_entry.ts";

export interface IntegratedLine {
  readonly event: "integrated";
  /** Id of the `Q_MODULE_INTEGRATED` that tells of it: `kloros show <id>`. */
  readonly id: string;
  readonly at: string;
  readonly module_name: string;
  readonly module_path: string;
  readonly capability_key: string;
  readonly key: string;
  readonly registry: string;
  readonly entry: RegistryEntry;
  readonly inserted: string;
  readonly sha256_before: string | null;
  readonly sha256_after: string;
  /** The `__init__.py` that was created; null: none. */
  readonly init_file: string | null;
}

/** `undoing` is written before anything is taken back, `undone` after: a crash between them shows. */
export interface UndoLine {
  readonly event: "undoing" | "undone";
  readonly id: string;
  readonly at: string;
  readonly init_removed?: boolean;
}

export interface IntegrationRecord extends Omit<IntegratedLine, "event"> {
  readonly state: "integrated" | "undoing" | "undone";
  readonly undoneAt: string | null;
}

export function integratedLine(id: string, plan: IntegrationPlan, initCreated: boolean): IntegratedLine {
  return {
    event: "integrated",
    id,
    at: plan.integratedAt,
    module_name: plan.module.name,
    module_path: plan.module.modulePath,
    capability_key: plan.module.capabilityKey,
    key: plan.module.key,
    registry: plan.registry,
    entry: plan.entry,
    inserted: plan.inserted,
    sha256_before: plan.sha256Before,
    sha256_after: plan.sha256After,
    init_file: initCreated ? plan.initFile : null,
  };
}

/** Oldest first. A damaged line hides only itself. */
export function readRecords(text: string): IntegrationRecord[] {
  const records = new Map<string, IntegrationRecord>();
  for (const line of text.split("\n")) {
    const event = parseLine(line);
    if (event === undefined) continue;
    if (event.event === "integrated") {
      const { event: _, ...rest } = event;
      if (!records.has(event.id)) records.set(event.id, { ...rest, state: "integrated", undoneAt: null });
      continue;
    }
    const record = records.get(event.id);
    if (record === undefined) continue;
    const undoneAt = event.event === "undone" ? event.at : null;
    records.set(event.id, { ...record, state: event.event, undoneAt });
  }
  return [...records.values()];
}

function parseLine(line: string): IntegratedLine | UndoLine | undefined {
  if (line.trim() === "") return undefined;
  try {
    const value = JSON.parse(line) as Partial<IntegratedLine> | null;
    if (typeof value?.id !== "string" || typeof value.at !== "string") return undefined;
    if (value.event === "integrated" && (typeof value.inserted !== "string" || value.entry === undefined)) {
      return undefined;
    }
    return value as IntegratedLine | UndoLine;
  } catch {
    return undefined;
  }
}
