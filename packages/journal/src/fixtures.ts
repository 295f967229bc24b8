/** Signals and a worker for this package's tests. */
import { CuriosityInvestigate, HealthAlert, createRoot } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";

export const WORKER = {
  name: "investigation-consumer",
  signals: ["Q_CURIOSITY_INVESTIGATE"],
  start: { from: "earliest" },
} as const;

export const RULES = {
  name: "policy-engine",
  signals: ["Q_HEALTH_ALERT"],
  start: { from: "earliest" },
} as const;

export function question(n: number, more: Readonly<Record<string, unknown>> = {}): Envelope {
  const facts = {
    ...CuriosityInvestigate.examples[0],
    question: `question ${n}`,
    question_id: `q.${n}`,
    priority: "normal",
    ...more,
  };
  return createRoot(CuriosityInvestigate, facts as never, {
    source: "intent-router",
    nowMs: 1_763_856_000_000 + n,
  });
}

/** Of kind `latest`: one key, another value. */
export function alert(value: number): Envelope {
  const facts = { ...(HealthAlert.examples[0] as object), metric_value: value };
  return createRoot(HealthAlert, facts as never, {
    source: "orchestrator-monitor",
    nowMs: 1_763_856_000_000 + value,
  });
}

export const text = (envelope: Envelope): string => JSON.stringify(envelope);
