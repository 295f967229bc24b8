/** From what was found out to an entry in the registry. */
import { defineSignal } from "../define_signal.ts";
import { capabilityIntegrator, orchestratorMonitor } from "../emitters.ts";
import { count, facts, flag, longText, name, optional, text, utcTime } from "../fact_types.ts";

const modulePath = (description: string) =>
  name(`${description}, dotted from the source root, e.g. \`audio\`.`);

export const ModuleDiscovered = defineSignal({
  name: "Q_MODULE_DISCOVERED",
  kind: "advisory",
  description: "A module stands in the registry that was not there before.",
  facts: facts({
    module_name: name("The module."),
    module_path: modulePath("Its path"),
    investigation_id: text("Question that led to it, e.g. `discover.module.audio`."),
    py_files_count: count("Python files directly in its directory."),
    has_init: flag("Whether it has an `__init__.py`."),
  }),
  examples: [
    {
      module_name: "audio",
      module_path: "audio",
      investigation_id: "discover.module.audio",
      py_files_count: 14,
      has_init: true,
    },
  ],
  emitters: [orchestratorMonitor],
  delivery: "latest",
  key: ({ module_path }) => module_path,
  loopKey: ({ module_path, py_files_count, has_init }) => `${module_path}/${py_files_count}/${has_init}`,
  root: true,
});

export const ModuleIntegrated = defineSignal({
  name: "Q_MODULE_INTEGRATED",
  kind: "completion",
  description: "A module was entered into the registry of capabilities.",
  facts: facts({
    module_name: name("The module."),
    module_path: modulePath("Its path"),
    capability_key: text("Capability of the question, e.g. `undiscovered.audio`."),
    integrated_at: utcTime("When it was entered."),
    investigation_timestamp: text("`timestamp` of the investigation's record."),
    init_created: optional(flag("Whether a missing `__init__.py` was created.")),
    already_present: optional(flag("Whether the entry was there before and nothing was written.")),
  }),
  examples: [
    {
      module_name: "audio",
      module_path: "audio",
      capability_key: "undiscovered.audio",
      integrated_at: "2026-11-23T02:02:34.010Z",
      investigation_timestamp: "2026-11-23T02:02:33.720716",
      init_created: false,
    },
  ],
  emitters: [capabilityIntegrator],
  delivery: "every",
  loopKey: ({ module_path, investigation_timestamp }) => `${module_path}/${investigation_timestamp}`,
});

export const IntegrationFailed = defineSignal({
  name: "Q_INTEGRATION_FAILED",
  kind: "error",
  description: "An investigated module was not entered into the registry.",
  facts: facts({
    capability_key: text("Capability of the question."),
    reason: text("Why: a criterion that was not met, or what went wrong."),
    failed_at: utcTime("When it happened."),
    investigation_timestamp: text("`timestamp` of the investigation's record."),
    error: optional(longText("The error behind it.")),
    retry_possible: optional(flag("Whether trying again can help.")),
    module_name: optional(name("The module.")),
    question_id: optional(name("The question that led to it.")),
  }),
  examples: [
    {
      capability_key: "undiscovered.gone",
      reason: "directory /home/kloros/src/gone does not exist",
      failed_at: "2026-11-23T02:02:34.010Z",
      investigation_timestamp: "2026-11-23T02:02:33.720716",
      retry_possible: false,
    },
  ],
  emitters: [capabilityIntegrator],
  delivery: "every",
  loopKey: ({ capability_key, reason }) => `${capability_key}/${reason}`,
});
