import type { Manifest } from "@kloros/daemon";
import { PolicyDue } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";
import { audible } from "./rules/compile_rule.ts";
import { emittable } from "./rules/compile_emit.ts";

export const config = Type.Object({
  rulesLookMs: Type.Integer({
    default: 3000,
    minimum: 100,
    maximum: 60_000,
    description: "How often the file of rules is looked at, should the system's hint be missed, ms.",
  }),
  decisionDays: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 3650,
    description: "Evaluations are kept so long, days.",
  }),
  decisionRowsMax: Type.Integer({
    default: 200_000,
    minimum: 1000,
    maximum: 10_000_000,
    description: "Evaluations are kept so many.",
  }),
});

export const manifest = {
  name: "policy-engine",
  purpose: "Decides by rules whether a major workflow starts; the only one that does.",
  // All that rules may listen to, whatever they say at the moment: a changed rule needs no new consumer.
  consumes: [...audible.values(), PolicyDue],
  emits: [...emittable.values(), PolicyDue],
  config,
  decisions: [
    "Each rule of policies.yaml judges the signals it names: it fires when its condition (CEL) is true and no control holds it back. A condition that cannot be worked out counts as not met.",
    "Controls: cooldown for each subject, one at a time (until a signal that descends from the trigger, or a limit), debounce, rate limit, quiet hours, a rule that is paused by name.",
    "A signal about a lasting condition that came while something ran is judged again as soon as that ends.",
    "Subjects that a successful run dealt with cool down anew, so that a belated signal about them starts nothing.",
    "A changed file of rules is read within seconds. One with a mistake is refused as a whole and the rules in force stay; at a start the last good copy holds, else the built-in rules.",
    "Every evaluation is kept with the values it saw and what held it back, before its trigger is published.",
    "In maintenance mode signals wait. Steps of the wall clock neither shorten nor lengthen a cooldown.",
  ],
  reads: ["policies", "paused"],
  writes: ["policies", "state", "policyState", "decisionLog"],
} as const satisfies Manifest<typeof config>;
