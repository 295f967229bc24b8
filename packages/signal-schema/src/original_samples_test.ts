/** What the original daemons say on the wire must stay acceptable. */
import { expect, test } from "bun:test";
import { findSignal } from "./catalogue.ts";
import type { SignalDefinition } from "./definition.ts";
import { canonicalSource, emitterAllowed } from "./source.ts";
import { validateFacts } from "./validate_facts.ts";

interface Sample {
  readonly signal: string;
  readonly source: string;
  readonly service: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const samples: readonly Sample[] = [
  {
    signal: "Q_PROMOTIONS_DETECTED",
    source: "orchestrator_monitor",
    service: "orchestrator-monitor",
    facts: {
      promotion_count: 3,
      unacknowledged_count: 3,
      oldest_promotion_age_hours: 12,
      last_dream_time: "2025-11-13T22:00:00Z",
      promotions_path: "/home/kloros/.kloros/dream_lab/promotions",
    },
  },
  {
    signal: "Q_MODULE_DISCOVERED",
    source: "orchestrator_monitor",
    service: "orchestrator-monitor",
    facts: {
      module_name: "audio_processing",
      module_path: "src.audio",
      investigation_id: "discover.module.audio_processing",
      py_files_count: 5,
      has_init: true,
    },
  },
  {
    signal: "Q_DREAM_TRIGGER",
    source: "kloros_policy_engine",
    service: "policy-engine",
    facts: { reason: "unacknowledged_promotions_detected", topic: null, promotion_count: 3 },
  },
  {
    signal: "Q_CURIOSITY_INVESTIGATE",
    source: "intent_router",
    service: "intent-router",
    facts: {
      question: "What does the audio module do?",
      question_id: "discover.module.audio",
      priority: "normal",
      evidence: ["path:/home/kloros/src/audio", "has_init:true"],
    },
  },
  {
    signal: "Q_INVESTIGATION_COMPLETE",
    source: "investigation_consumer_daemon",
    service: "investigation-consumer",
    facts: {
      investigation_timestamp: "2026-11-23T02:02:33.720716",
      question_id: "discover.module.audio",
      module_name: "audio",
      status: "completed",
      duration_ms: 5100,
      queue_wait_time_ms: 12,
      model_used: "qwen2.5-coder",
      tokens_used: 812,
    },
  },
  {
    signal: "Q_HEALTH_ALERT",
    source: "orchestrator_monitor",
    service: "orchestrator-monitor",
    facts: {
      alert_type: "memory",
      severity: "warning",
      metric_value: 87.1,
      threshold: 85,
      recommended_action: "look",
    },
  },
];

function definitionOf(name: string): SignalDefinition {
  const definition = findSignal(name);
  if (definition === undefined) throw new Error(`no ${name}`);
  return definition;
}

for (const { signal, source, service, facts } of samples) {
  test(`${signal} as ${source} says it is accepted, and means ${service}`, () => {
    const definition = definitionOf(signal);
    expect(validateFacts(definition, facts)).toEqual({ ok: true, facts });
    expect(canonicalSource(definition, source)).toBe(service);
    expect(emitterAllowed(definition, service)).toBe(true);
  });
}

test("canonicalSource() knows nobody for a service that may not emit the signal", () => {
  const trigger = definitionOf("Q_DREAM_TRIGGER");
  for (const source of ["orchestrator-monitor", "orchestrator_monitor", "", "Policy-Engine"]) {
    expect(canonicalSource(trigger, source)).toBeUndefined();
    expect(emitterAllowed(trigger, source)).toBe(false);
  }
});

test("the operator may ask, and may not answer", () => {
  for (const name of [
    "Q_CURIOSITY_INVESTIGATE",
    "Q_WORKFLOW_SUGGESTED",
    "Q_DREAM_TRIGGER",
    "Q_RUN_SCANNER",
  ]) {
    expect(emitterAllowed(definitionOf(name), "operator")).toBe(true);
  }
  for (const name of [
    "Q_INVESTIGATION_COMPLETE",
    "Q_MODULE_INTEGRATED",
    "Q_WINNER_DEPLOYED",
    "Q_LOOP_DETECTED",
  ]) {
    expect(emitterAllowed(definitionOf(name), "operator")).toBe(false);
  }
});
