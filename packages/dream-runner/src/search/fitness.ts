import type { Objective } from "../config/dream_config.ts";
import type { Metrics } from "../types.ts";

export type Score =
  | { readonly ok: true; readonly fitness: number; readonly metrics: Metrics }
  | { readonly ok: false; readonly error: string; readonly metrics: Metrics };

export interface ScoreOptions {
  readonly objectives: readonly Objective[];
  readonly metricMap: Readonly<Record<string, string>>;
}

/** The weighted sum of what was measured. Whatever is missing or no finite number makes the candidate a failed one. */
export function scoreMetrics(measured: Metrics, { objectives, metricMap }: ScoreOptions): Score {
  const wanted = new Set(objectives.map(({ metric }) => metric));
  const metrics = renameMetrics(measured, metricMap, wanted);
  const finite = Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
  const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (broken !== undefined) {
    return { ok: false, error: `metric ${broken[0]} is ${String(broken[1])}`, metrics: finite };
  }
  const missing = objectives.find(({ metric }) => !Object.hasOwn(metrics, metric));
  if (missing !== undefined) {
    const names = Object.keys(metrics).slice(0, 10).join(", ") || "none";
    return {
      ok: false,
      error: `metric ${missing.metric} was not measured (numbers there are: ${names})`,
      metrics,
    };
  }
  const fitness = objectives.reduce((sum, { metric, weight }) => sum + weight * (metrics[metric] ?? 0), 0);
  return Number.isFinite(fitness)
    ? { ok: true, fitness, metrics }
    : { ok: false, error: `the fitness is ${String(fitness)}`, metrics };
}

/** `map` says evaluator's name → name used here; installations that say it the other way round are understood. */
function renameMetrics(
  measured: Metrics,
  map: Readonly<Record<string, string>>,
  wanted: ReadonlySet<string>,
): Metrics {
  const renamed: Record<string, number> = { ...measured };
  for (const [left, right] of Object.entries(map)) {
    const isReversed = wanted.has(left) && !Object.hasOwn(measured, left);
    const [from, to] = isReversed ? [right, left] : [left, right];
    const value = measured[from];
    if (value === undefined || from === to) continue;
    delete renamed[from];
    renamed[to] = value;
  }
  return renamed;
}
