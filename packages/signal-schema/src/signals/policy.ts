/** What the policy engine tells itself. */
import { defineSignal } from "../define_signal.ts";
import { policyEngine } from "../emitters.ts";
import { facts, name } from "../fact_types.ts";

export const PolicyDue = defineSignal({
  name: "Q_POLICY_DUE",
  kind: "advisory",
  description: "A moment came that a rule of the policy engine waits for.",
  facts: facts({ rule: name("Rule that waits; `*` after a start: all are looked at.") }),
  examples: [{ rule: "promotions-start-dream" }],
  emitters: [policyEngine],
  delivery: "latest",
  key: ({ rule }) => rule,
  loopKey: ({ rule }) => rule,
  root: true,
});
