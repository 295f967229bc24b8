/** What is stored before anything is changed, so that a redelivery can finish what a crash interrupted. Pure. */
import type { AppendPlan } from "@kloros/daemon";
import type { ModuleToIntegrate } from "./decide.ts";
import type { RegistryEntry } from "./registry_entry.ts";

export interface IntegrationPlan {
  readonly kind: "integrate";
  readonly module: ModuleToIntegrate;
  readonly entry: RegistryEntry;
  /** UTC, RFC 3339; the same in every run. */
  readonly integratedAt: string;
  readonly registry: string;
  /** Exactly what is put into the registry's text. */
  readonly inserted: string;
  /** SHA-256 of the registry, hex; null: there was none. */
  readonly sha256Before: string | null;
  readonly sha256After: string;
  /** The `__init__.py` to create; null: none. */
  readonly initFile: string | null;
  /** Appends under way, by file: the installation's log and this service's own record. */
  readonly logAppend: AppendPlan | null;
  readonly recordAppend: AppendPlan | null;
}

/** A plan as it came back with a redelivery; null when there is none. */
export function readPlan(value: unknown): IntegrationPlan | null {
  if (typeof value !== "object" || value === null) return null;
  return (value as Partial<IntegrationPlan>).kind === "integrate" ? (value as IntegrationPlan) : null;
}

/** How the registry stands to a plan that an earlier run made. */
export type Progress = "written" | "untouched" | "foreign";

/** `foreign`: somebody else's entry has the key now. */
export function progressOf(
  plan: IntegrationPlan,
  registered: { readonly module: string | undefined; readonly discoveredAt: string | undefined } | undefined,
): Progress {
  if (registered === undefined) return "untouched";
  const ours =
    registered.module === plan.entry.module && registered.discoveredAt === plan.entry.discovered_at;
  return ours ? "written" : "foreign";
}
