/** The consumers of a run: who consumes what, how, and what follows from it. Their work is invented, their traffic is the house's. */
import {
  CuriosityInvestigate,
  createChild,
  DreamComplete,
  DreamTrigger,
  type Envelope,
  EvidenceUpdated,
  IntegrationFailed,
  InvestigationComplete,
  ModuleIntegrated,
} from "@kloros/signal-schema";

export interface RoleLimits {
  readonly concurrency: number;
  readonly urgentConcurrency: number;
  readonly prefetch: number;
  readonly leaseMs: number;
  readonly attemptsMax: number;
}

export interface Role {
  readonly name: string;
  readonly signals: readonly string[];
  readonly stateKey?: string;
  /** Each signal it works on is one line in this file. */
  readonly file?: string;
  readonly limits: RoleLimits;
  /** What follows. */
  children(signal: Envelope, nowMs: number): readonly Envelope[];
}

export const WORKER = "investigation-consumer";
export const DREAMER = "dream-consumer";
/** Questions about these are asked again whenever they are answered: a loop. */
export const LOOPING = "loop.";

const LIMITS: RoleLimits = {
  concurrency: 3,
  urgentConcurrency: 1,
  prefetch: 1,
  leaseMs: 2000,
  attemptsMax: 5,
};
const ALONE: RoleLimits = { ...LIMITS, concurrency: 1, prefetch: 0 };
const nothing = (): readonly Envelope[] => [];

const factOf = (signal: Envelope, name: string): string => {
  const value = (signal.facts as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : "";
};

const investigation: Role = {
  name: WORKER,
  signals: [CuriosityInvestigate.name],
  file: "curiosity_investigations.jsonl",
  limits: LIMITS,
  children: (signal, nowMs) => {
    const facts = {
      investigation_timestamp: signal.timestamp,
      question_id: factOf(signal, "question_id"),
      status: "completed" as const,
      duration_ms: 1,
      queue_wait_time_ms: 0,
    };
    return [createChild(signal, InvestigationComplete, facts, { source: WORKER, consumer: WORKER, nowMs })];
  },
};

const DEDUP = "semantic-dedup";
const dedup: Role = {
  name: DEDUP,
  signals: [InvestigationComplete.name],
  stateKey: "question_id",
  limits: ALONE,
  children: (signal, nowMs) => {
    const options = { source: DEDUP, consumer: DEDUP, nowMs };
    const question_id = factOf(signal, "question_id");
    const evidence = {
      module_name: question_id,
      evidence_hash: signal.id.slice(0, 16),
      changed: [],
      suppressed: false,
    };
    const updated = createChild(signal, EvidenceUpdated, evidence, options);
    if (!question_id.startsWith(LOOPING)) return [updated];
    const again = { question: "again?", question_id, priority: "normal" as const, evidence: [] };
    return [updated, createChild(signal, CuriosityInvestigate, again, options)];
  },
};

const INTEGRATOR = "capability-integrator";
const integrator: Role = {
  name: INTEGRATOR,
  signals: [InvestigationComplete.name],
  file: "integrated_capabilities.jsonl",
  limits: { ...LIMITS, concurrency: 2, prefetch: 3 },
  children: (signal, nowMs) => {
    const options = { source: INTEGRATOR, consumer: INTEGRATOR, nowMs };
    const module = factOf(signal, "question_id");
    const common = {
      capability_key: `undiscovered.${module}`,
      investigation_timestamp: factOf(signal, "investigation_timestamp"),
    };
    if (signal.id.endsWith("0")) {
      const failed = { ...common, reason: "no_files", failed_at: signal.timestamp, retry_possible: false };
      return [createChild(signal, IntegrationFailed, failed, options)];
    }
    const integrated = {
      ...common,
      module_name: module,
      module_path: module,
      integrated_at: signal.timestamp,
    };
    return [createChild(signal, ModuleIntegrated, integrated, options)];
  },
};

const POLICY = "policy-engine";
const policy: Role = {
  name: POLICY,
  signals: ["Q_PROMOTIONS_DETECTED", "Q_HEALTH_ALERT"],
  stateKey: "",
  limits: ALONE,
  children: (signal, nowMs) => {
    if (signal.signal !== "Q_PROMOTIONS_DETECTED" || !/[0-3]$/.test(signal.id)) return [];
    const facts = { reason: "promotions", topic: signal.id, promotion_count: 1 };
    return [createChild(signal, DreamTrigger, facts, { source: POLICY, consumer: POLICY, nowMs })];
  },
};

const dreamer: Role = {
  name: DREAMER,
  signals: [DreamTrigger.name],
  file: "dream_runs.jsonl",
  limits: ALONE,
  children: (signal, nowMs) => {
    const facts = {
      success: true,
      exit_code: 0,
      duration_s: 1,
      run_tag: signal.id,
      trigger_reason: factOf(signal, "reason"),
      trigger_topic: factOf(signal, "topic"),
      promotion_count: 1,
    };
    return [createChild(signal, DreamComplete, facts, { source: DREAMER, consumer: DREAMER, nowMs })];
  },
};

const monitor: Role = {
  name: "orchestrator-monitor",
  signals: [
    "Q_EVIDENCE_UPDATED",
    "Q_MODULE_INTEGRATED",
    "Q_INTEGRATION_FAILED",
    "Q_DREAM_COMPLETE",
    "Q_INVESTIGATION_TIMEOUT",
    "Q_DREAM_TIMEOUT",
    "Q_LOOP_DETECTED",
  ],
  file: "seen.jsonl",
  limits: { ...LIMITS, concurrency: 8, prefetch: 10, attemptsMax: 3 },
  children: nothing,
};

/** Comes for a while and leaves for good: the operator removes it. */
export const guest: Role = {
  name: "curiosity-core/guest",
  signals: ["Q_HEALTH_ALERT", InvestigationComplete.name],
  limits: ALONE,
  children: nothing,
};

export const ROLES: readonly Role[] = [investigation, dedup, integrator, policy, dreamer, monitor];
