/** Valid signals, one of each way of delivery. */
import {
  createChild,
  createRoot,
  CuriosityInvestigate,
  type Envelope,
  HealthAlert,
  InvestigationComplete,
} from "@kloros/signal-schema";

export interface QuestionOptions {
  readonly priority?: "critical" | "high" | "normal" | "low";
  readonly module?: string;
  readonly source?: string;
  readonly id?: string;
}

/** `every`; urgent when its priority is. From curiosity-core unless told otherwise. */
export function question(id: string, options: QuestionOptions = {}): Envelope {
  return createRoot(
    CuriosityInvestigate,
    {
      question: `What is ${id}?`,
      question_id: id,
      priority: options.priority ?? "normal",
      evidence: [],
      ...(options.module === undefined ? {} : { module_name: options.module }),
    },
    {
      source: options.source ?? "curiosity-core",
      nowMs: Date.now(),
      ...(options.id === undefined ? {} : { id: options.id }),
    },
  );
}

/** What an investigation of `parent` emits. */
export function answer(parent: Envelope, options: { readonly source?: string } = {}): Envelope {
  return createChild(
    parent,
    InvestigationComplete,
    {
      investigation_timestamp: "2026-01-01T00:00:00.000000",
      question_id: String(parent.facts["question_id"]),
      status: "completed",
      duration_ms: 1,
      queue_wait_time_ms: 0,
    },
    {
      source: options.source ?? "investigation-consumer",
      consumer: "investigation-consumer",
      nowMs: Date.now(),
    },
  );
}

/** `latest`, by its key. From orchestrator-monitor. */
export function alert(key: string, value: number): Envelope {
  return createRoot(
    HealthAlert,
    { ...HealthAlert.examples[0], alert_type: key, key, metric_value: value } as never,
    { source: "orchestrator-monitor", nowMs: Date.now() },
  );
}
