/** What the monitor sees and what the bus cuts. */
import { defineSignal } from "../define_signal.ts";
import { chemicalBus, intentRouter, operator, orchestratorMonitor } from "../emitters.ts";
import {
  facts,
  list,
  longText,
  name,
  number,
  object,
  oneOf,
  optional,
  orNull,
  text,
  uuid,
} from "../fact_types.ts";

export const HealthAlert = defineSignal({
  name: "Q_HEALTH_ALERT",
  kind: "advisory",
  description: "A value crossed its threshold, or came back.",
  facts: facts({
    alert_type: name("What is wrong, e.g. `memory_high`."),
    severity: oneOf(["info", "warning", "critical"], "How bad it is; critical overtakes."),
    metric_value: orNull(
      number("The value seen, in the metric's unit (`details.unit`); null when there is none."),
    ),
    threshold: orNull(number("The value it is held against, same unit; null when there is none.")),
    recommended_action: text("What to do."),
    key: optional(name("Identifies the alert among all; absent: its type.")),
    state: optional(oneOf(["raised", "changed", "cleared"], "Absent: raised.")),
    details: optional(
      object(
        {
          message: optional(longText("What happened, in words.")),
          unit: optional(text("Unit of value and threshold.")),
          suggestions: optional(list(text("One suggestion."), "What else could be done.")),
        },
        "More about it; other names are let through.",
      ),
    ),
  }),
  examples: [
    {
      alert_type: "memory_high",
      severity: "warning",
      metric_value: 87.5,
      threshold: 85,
      recommended_action: "find the process that grows: ps --sort=-rss",
      key: "memory",
      state: "raised",
      details: { unit: "%" },
    },
  ],
  emitters: [orchestratorMonitor, intentRouter, operator],
  delivery: "latest",
  key: (body) => body.key ?? body.alert_type,
  lane: ({ severity }) => (severity === "critical" ? "urgent" : "normal"),
  loopKey: (body) => `${body.key ?? body.alert_type}/${body.state ?? "raised"}/${body.severity}`,
  root: true,
});

export const LoopDetected = defineSignal({
  name: "Q_LOOP_DETECTED",
  kind: "error",
  description: "The bus cut a chain of signals that went round in circles.",
  facts: facts({
    trace: uuid("Chain that was cut."),
    path: list(text("Name of a signal."), "The chain, from its root to the signal that was cut."),
    rule: oneOf(
      ["hops", "cycle", "rate"],
      "What it broke: length, repetition in one ancestry, repetition in time.",
    ),
    cut_signal_id: uuid("Signal whose deliveries were cut."),
  }),
  examples: [
    {
      trace: "019a81ea-3040-7000-8000-000000000001",
      path: ["Q_CURIOSITY_INVESTIGATE", "Q_INVESTIGATION_COMPLETE", "Q_CURIOSITY_INVESTIGATE"],
      rule: "cycle",
      cut_signal_id: "019a81ea-3040-8000-8000-000000000002",
    },
  ],
  emitters: [chemicalBus],
  delivery: "every",
  lane: () => "urgent",
  loopKey: ({ cut_signal_id }) => cut_signal_id,
  // A chain that was cut for its length has no room for one more.
  root: true,
});
