/** An intent → the signal that says the same, or why there is none. Pure. */
import {
  CuriosityInvestigate,
  HealthAlert,
  IntegrationFix,
  RunScanner,
  SpicaSpawn,
  WorkflowSuggested,
} from "@kloros/signal-schema";
import type { FactsOf, SignalDefinition } from "@kloros/signal-schema";
import { deriveQuestionId, investigationFacts } from "./investigation_facts.ts";
import { pickNumber, pickObject, pickText, pickTexts } from "./intent_facts.ts";
import { CUSTOMARY_PRIORITY } from "./mapping_table.ts";
import type { FindTarget, Target } from "./mapping_table.ts";
import type { Intent } from "./parse_intent.ts";
import { readPriority } from "./priority.ts";
import type { Priority } from "./priority.ts";

export interface Routed {
  readonly kind: "routed";
  readonly definition: SignalDefinition;
  readonly facts: Readonly<Record<string, unknown>>;
}
export interface Unroutable {
  readonly kind: "unroutable";
  readonly reason: string;
}

export function priorityOf(intent: Intent): Priority {
  return readPriority({
    data: intent.data["priority"],
    top: intent.fields["priority"],
    byType: CUSTOMARY_PRIORITY.get(intent.type),
  });
}

/**
 * A type that the table does not know, with a non-empty question, is a generic question and is investigated.
 * Total: whatever stands in the intent, the result is one of the two.
 */
export function routeIntent(intent: Intent, findTarget: FindTarget): Routed | Unroutable {
  const target =
    findTarget(intent.type) ?? (pickText(intent, "question") ? "Q_CURIOSITY_INVESTIGATE" : undefined);
  if (target === undefined) return unroutable(describeUnknown(intent));
  if (target === "reject")
    return unroutable(`the configuration says to reject intents of type "${intent.type}"`);
  return BUILDERS[target](intent);
}

type Builder = (intent: Intent) => Routed | Unroutable;

const BUILDERS: Readonly<Record<Exclude<Target, "reject">, Builder>> = {
  Q_CURIOSITY_INVESTIGATE: (intent) => {
    const facts = investigationFacts(intent, priorityOf(intent));
    return facts === undefined ? needs(intent, "question") : routed(CuriosityInvestigate, facts);
  },
  Q_INTEGRATION_FIX: (intent) => {
    const autonomy = pickNumber(intent, "autonomy_level");
    return routed(IntegrationFix, {
      ...questionFacts(intent),
      fix_specification: pickObject(intent, "fix_specification"),
      ...(autonomy === undefined ? {} : { autonomy_level: Math.trunc(autonomy) }),
    });
  },
  Q_SPICA_SPAWN: (intent) =>
    routed(SpicaSpawn, {
      ...questionFacts(intent),
      fix_context: pickObject(intent, "fix_context"),
      validation: pickObject(intent, "validation"),
    }),
  Q_RUN_SCANNER: (intent) => {
    const scanner = pickText(intent, "scanner");
    if (scanner === undefined) return needs(intent, "scanner");
    const triggeredBy = pickText(intent, "triggered_by", "emitted_by");
    return routed(RunScanner, {
      scanner,
      ...(triggeredBy === undefined ? {} : { triggered_by: triggeredBy }),
    });
  },
  Q_HEALTH_ALERT: (intent) => routed(HealthAlert, alertFacts(intent)),
  Q_WORKFLOW_SUGGESTED: (intent) => routed(WorkflowSuggested, workflowFacts(intent)),
};

function questionFacts(intent: Intent) {
  const question = pickText(intent, "question", "reason");
  const hypothesis = pickText(intent, "hypothesis");
  return {
    question_id: pickText(intent, "question_id", "id") ?? deriveQuestionId(intent.type, question ?? ""),
    ...(question === undefined ? {} : { question }),
    ...(hypothesis === undefined ? {} : { hypothesis }),
  };
}

function alertFacts(intent: Intent): FactsOf<typeof HealthAlert> {
  const alertType = intent.type.replace(/^alert_/, "") || "unnamed";
  const suggestions = pickTexts(intent, "suggestions");
  const message = pickText(intent, "message", "reason", "question");
  const unit = pickText(intent, "unit");
  const { unit: _unit, message: _message, ...rest } = intent.data;
  return {
    alert_type: alertType,
    severity: severityOf(intent),
    metric_value: pickNumber(intent, "metric_value", "value", "current_value") ?? null,
    threshold: pickNumber(intent, "threshold", "limit") ?? null,
    recommended_action:
      pickText(intent, "recommended_action", "action") ?? suggestions[0] ?? message ?? "look at the alert",
    key: pickText(intent, "key") ?? alertType,
    state: "raised",
    details: {
      ...rest,
      ...(message === undefined ? {} : { message }),
      ...(unit === undefined ? {} : { unit }),
      suggestions,
    },
  };
}

function severityOf(intent: Intent): "info" | "warning" | "critical" {
  const said = pickText(intent, "severity")?.toLowerCase();
  if (said === "info" || said === "warning" || said === "critical") return said;
  const priority = priorityOf(intent);
  if (priority === "critical") return "critical";
  return priority === "low" ? "info" : "warning";
}

function workflowFacts(intent: Intent): FactsOf<typeof WorkflowSuggested> {
  const workflow = intent.type.replace(/^(?:suggest|trigger)_/, "") || intent.type;
  return {
    workflow,
    reason: pickText(intent, "reason", "message", "question") ?? "",
    data: intent.dataShape === "object" ? intent.data : flatData(intent),
    intent_type: intent.type,
    priority: priorityOf(intent),
  };
}

/** A flat intent's own fields, without those that have a place of their own. */
function flatData(intent: Intent): Readonly<Record<string, unknown>> {
  const {
    type: _type,
    intent_type: _intentType,
    reason: _reason,
    priority: _priority,
    ...rest
  } = intent.fields;
  return rest;
}

function describeUnknown(intent: Intent): string {
  const what =
    intent.type === ""
      ? 'neither "type" nor "intent_type" names what is meant'
      : `no signal is configured for intents of type "${intent.type.slice(0, 200)}"`;
  return `${what}, and there is no "question" to investigate; add the type to [intent-router] types, or a question to the file`;
}

function needs(intent: Intent, field: string): Unroutable {
  const data = intent.dataShape === "object" ? "" : ` (its "data" is ${describeData(intent)})`;
  return unroutable(
    `an intent of type "${intent.type.slice(0, 200)}" needs a non-empty "${field}", in "data" or at the top level${data}`,
  );
}

function describeData(intent: Intent): string {
  if (intent.dataShape === "list" || intent.dataShape === "scalar") return `a ${intent.dataShape}`;
  return intent.dataShape;
}

function routed<D extends SignalDefinition>(definition: D, facts: FactsOf<D>): Routed {
  return { kind: "routed", definition, facts };
}

function unroutable(reason: string): Unroutable {
  return { kind: "unroutable", reason };
}
