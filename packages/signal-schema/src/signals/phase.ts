/** PHASE: declared so that the names are taken; emitted by nobody yet. */
import { defineSignal } from "../define_signal.ts";
import { operator, orchestratorMonitor, policyEngine } from "../emitters.ts";
import { facts, flag, name, optional } from "../fact_types.ts";

export const PhaseWindowOpen = defineSignal({
  name: "Q_PHASE_WINDOW_OPEN",
  kind: "advisory",
  description: "The time window in which PHASE may run is open.",
  facts: facts({ phase_done_today: optional(flag("Whether it ran today already; absent counts as done.")) }),
  examples: [{ phase_done_today: false }],
  emitters: [orchestratorMonitor],
  delivery: "latest",
  key: () => "phase",
  loopKey: () => "phase",
  root: true,
  status: "later",
});

export const PhaseTrigger = defineSignal({
  name: "Q_PHASE_TRIGGER",
  kind: "trigger",
  description: "Asks to run one PHASE epoch.",
  facts: facts({ reason: name("Why it is to run, e.g. `phase_window_open`.") }),
  examples: [{ reason: "phase_window_open" }],
  emitters: [policyEngine, operator],
  delivery: "every",
  loopKey: ({ reason }) => reason,
  status: "later",
});

export const PhaseComplete = defineSignal({
  name: "Q_PHASE_COMPLETE",
  kind: "completion",
  description: "A PHASE epoch ended.",
  facts: facts({ success: flag("Whether it led to a usable result.") }),
  examples: [{ success: true }],
  // Whoever will run PHASE; until then only a person at the machine can say it.
  emitters: [operator],
  delivery: "every",
  loopKey: ({ success }) => String(success),
  status: "later",
});
