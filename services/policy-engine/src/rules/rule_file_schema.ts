/**
 * The shape of `policies.yaml`. From it come the checks of a file, the JSON Schema for editors, and its documentation.
 * What a schema cannot say (known signals, CEL, what a trigger's facts need) is checked in read_rules.ts.
 */
import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";

const RULES_MAX = 100;
/** So many digits that its end is always a date. */
const DURATION = /^\d{1,7}(\.\d{1,3})?(ms|s|m|h|d)$/;
const NAME = "^[a-z0-9][a-z0-9-]*$";
const CLOCK = "^([01]\\d|2[0-3]):[0-5]\\d$";
export const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const duration = (description: string) =>
  Type.String({ description, pattern: DURATION.source, examples: ["30s", "15m", "1.5h", "7d"] });

const cel = (description: string) =>
  Type.String({
    description: `${description} CEL; variables: facts (of the signal), signal (name, id, source, timestamp), now.`,
    minLength: 1,
  });

const signalName = (description: string) =>
  Type.String({ description, pattern: "^Q_[A-Z0-9_]+$", examples: ["Q_PROMOTIONS_DETECTED"] });

const oneOf = <const Words extends readonly string[]>(words: Words, description: string) =>
  Type.Unsafe<Words[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      { description },
    ),
  );

const strict = { additionalProperties: false } as const;

const emit = Type.Object(
  {
    signal: signalName("The signal to emit: one that policy-engine may."),
    facts: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          "Its facts. A text `${…}` is CEL and gives the value; an optional fact whose expression gives null is left out. Variables as in `when`, and `subjects`: those for which the rule fires. All else is taken as it stands. `rule` is filled in where the signal has it.",
      }),
    ),
  },
  { ...strict, description: "What the rule does when it fires." },
);

const singleton = Type.Object(
  {
    until: Type.Array(signalName("A signal that descends from the trigger and ends its run."), {
      description: "Signals that end the run: one that descends from the trigger that was emitted.",
      minItems: 1,
      maxItems: 10,
    }),
    limit: duration("At the latest after this time it counts as ended, should no such signal come."),
  },
  { ...strict, description: "The rule does not fire while what it started still runs." },
);

const rateLimit = Type.Object(
  {
    count: Type.Integer({ description: "So many times at most …", minimum: 1, maximum: 1000 }),
    per: duration("… in any span of this length."),
  },
  { ...strict, description: "How often the rule may fire." },
);

const quietHours = Type.Object(
  {
    from: Type.String({ description: "Local time, HH:MM.", pattern: CLOCK }),
    to: Type.String({ description: "Local time, HH:MM; before `from`: on the next day.", pattern: CLOCK }),
    days: Type.Optional(
      Type.Array(oneOf(DAYS, "A day."), {
        description: "Days on which they begin. Default: every day.",
        minItems: 1,
        maxItems: 7,
      }),
    ),
  },
  { ...strict, description: "Hours in which the rule does not fire." },
);

const control = Type.Object(
  {
    cooldown: Type.Optional(
      duration("After firing, the rule does not fire again for the same subject for this time."),
    ),
    singleton: Type.Optional(singleton),
    debounce: Type.Optional(
      duration(
        "The rule fires when no further matching signal came for this time, at the latest after five times as long: a lasting condition is advised every minute.",
      ),
    ),
    rateLimit: Type.Optional(rateLimit),
    quietHours: Type.Optional(quietHours),
    maintenance: Type.Optional(
      Type.Literal("wait", {
        description: "In maintenance mode signals wait for its end. There is no other choice.",
        default: "wait",
      }),
    ),
  },
  { ...strict, description: "What holds the rule back although its condition is met." },
);

const rule = Type.Object(
  {
    name: Type.String({
      description: "Identifies the rule; its memory (cooldowns, what runs) hangs on it.",
      pattern: NAME,
      maxLength: 64,
    }),
    description: Type.Optional(Type.String({ description: "What it is for.", maxLength: 1000 })),
    enabled: Type.Optional(
      Type.Boolean({ description: "false: the rule judges nothing and says so.", default: true }),
    ),
    on: Type.Array(signalName("A signal that the rule judges."), {
      description: "Signals that the rule judges: advisories, completions and errors.",
      minItems: 1,
      maxItems: 20,
    }),
    when: Type.Optional(
      cel("The condition; absent: always. An error in it (a missing fact) counts as false."),
    ),
    emit,
    subjects: Type.Optional(
      cel("What the rule acts on, a list of texts: it fires for those that do not cool down, if any."),
    ),
    settled: Type.Optional(
      cel(
        "On each signal of `singleton.until`: subjects that were dealt with, a list of texts. They cool down anew, so that a belated signal about them starts nothing.",
      ),
    ),
    control: Type.Optional(control),
  },
  { ...strict, description: "A rule." },
);

export const ruleFileSchema = Type.Object(
  {
    version: Type.Literal(1, { description: "Of this format." }),
    rules: Type.Array(rule, { description: "The rules, each judged on its own.", maxItems: RULES_MAX }),
  },
  {
    ...strict,
    $id: "policies.schema.json",
    title: "Rules of the policy engine",
  },
);

export type RuleFile = Static<typeof ruleFileSchema>;
export type RuleEntry = RuleFile["rules"][number];
