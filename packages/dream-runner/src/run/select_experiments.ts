import { nearestName } from "@kloros/daemon";
import type { DreamConfig, ExperimentConfig } from "../config/dream_config.ts";
import { CYCLE_EXIT } from "./cycle_exit.ts";
import { CycleRefusal } from "./cycle_refusal.ts";

/** Those that are named, also when they are disabled; without names all that are enabled. Throws `CycleRefusal`. */
export function selectExperiments(
  { experiments, path }: DreamConfig,
  names: readonly string[],
): readonly ExperimentConfig[] {
  const known = experiments.map(({ name }) => name);
  const missing = names.filter((name) => !known.includes(name)).map((name) => nearText(name, known));
  if (missing.length > 0) {
    const there = known.join(", ") || "none";
    throw new CycleRefusal(
      `${path} has no experiment ${missing.join(", ")}; it has ${there}`,
      CYCLE_EXIT.usage.code,
    );
  }
  const wanted = experiments.filter(({ name, enabled }) =>
    names.length > 0 ? names.includes(name) : enabled,
  );
  if (wanted.length > 0) return wanted;
  const problem = `${path} has no enabled experiment; set enabled: true at one of them`;
  throw new CycleRefusal(problem, CYCLE_EXIT.config.code);
}

function nearText(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return `${JSON.stringify(name)}${near === undefined ? "" : ` (did you mean ${near}?)`}`;
}
