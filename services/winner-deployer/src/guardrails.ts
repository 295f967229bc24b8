/** Bounds that a winner's metrics must keep. Pure. */
export interface Guardrail {
  readonly metric: string;
  readonly min?: number;
  readonly max?: number;
}

export const DEFAULT_GUARDRAILS: readonly Guardrail[] = [
  { metric: "hallucination_rate", max: 0.2 },
  { metric: "context_precision", min: 0.5 },
  { metric: "response_latency_ms", max: 5000 },
];

/**
 * The first violation in words; undefined when there is none. A metric that is missing violates nothing; null is what JSON
 * makes of one that could not be measured.
 */
export function violationOf(
  metrics: Readonly<Record<string, unknown>>,
  guardrails: readonly Guardrail[],
): string | undefined {
  for (const { metric, min, max } of guardrails) {
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) return `metric ${metric} is not a number`;
    if (min !== undefined && value < min) return `${metric} ${value} is below ${min}`;
    if (max !== undefined && value > max) return `${metric} ${value} is above ${max}`;
  }
  return undefined;
}
