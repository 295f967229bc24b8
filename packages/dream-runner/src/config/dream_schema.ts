/**
 * The shape of `dream.yaml`. Each node says in `remedy` what to write instead; keys that it does not name are kept
 * and ignored with a warning, because installations have them.
 */
import { Type, type TSchema } from "@sinclair/typebox";

const whole = (from: number, to: number) =>
  Type.Integer({
    minimum: from,
    maximum: to,
    remedy: `write a whole number from ${String(from)} to ${String(to)}`,
  });
const positive = (to: number, unit: string) =>
  Type.Number({ exclusiveMinimum: 0, maximum: to, remedy: `write ${unit} above 0, at most ${String(to)}` });
const text = (remedy: string) => Type.String({ minLength: 1, maxLength: 4096, remedy });
const flag = Type.Boolean({ remedy: "write true or false" });
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const mapping = (remedy: string) => Type.Record(Type.String(), Type.Unknown(), { remedy });
const count = (remedy: string) => Type.Number({ minimum: 0, maximum: 10_000, remedy });

const DAY_S = 86_400;
const SHARE_OR_COUNT = "write a number of candidates, or a share of them below 1";

export const Evaluator = Type.Object(
  {
    path: optional(text("write the path of a .py, .ts or .js file")),
    symbol: optional(text("write the name of a function")),
    class: optional(text("write the name of a class with a method evaluate")),
    factory: optional(text("write the name of a function that returns an evaluator")),
    init_kwargs: optional(mapping("write a mapping of arguments")),
    python: optional(text("write the Python to use, such as /opt/venv/bin/python3")),
    command: optional(
      Type.Array(text("write the program and its arguments as a list of texts"), {
        minItems: 1,
        maxItems: 1000,
        remedy: "write the program and its arguments as a list: [python3, measure.py]",
      }),
    ),
    timeout_sec: optional(positive(DAY_S, "seconds")),
    memory_mb: optional(whole(1, 1_048_576)),
  },
  { remedy: "write evaluator: {path: FILE, symbol: FUNCTION} or {command: [PROGRAM, …]}" },
);

const Budget = Type.Object(
  {
    wallclock_sec: optional(positive(7 * DAY_S, "seconds")),
    max_candidates: optional(whole(1, 1_000_000)),
    max_generations: optional(whole(1, 100_000)),
    allow_gpu: optional(flag),
  },
  { remedy: "write budget: {wallclock_sec: 300, max_candidates: 60, max_generations: 10}" },
);

const DIRECTIONS = ["up", "down", "maximize", "minimize", "max", "min"] as const;

const Metrics = Type.Object(
  {
    target_direction: optional(
      Type.Record(
        Type.String(),
        Type.Union(
          DIRECTIONS.map((one) => Type.Literal(one)),
          { remedy: "write up or down" },
        ),
        { remedy: "write target_direction: {METRIC: up or down}" },
      ),
    ),
    map: optional(
      Type.Record(Type.String(), text("write the other name of the metric"), {
        remedy: "write map: {NAME_OF_THE_EVALUATOR: NAME_USED_HERE}",
      }),
    ),
  },
  { remedy: "write metrics: {target_direction: {METRIC: up or down}}" },
);

const Selector = Type.Object(
  {
    kind: optional(text("write tournament or random")),
    population: optional(whole(1, 10_000)),
    tournament_size: optional(whole(1, 1000)),
    survivors: optional(count(SHARE_OR_COUNT)),
    elitism: optional(count(SHARE_OR_COUNT)),
    fresh_inject: optional(count(SHARE_OR_COUNT)),
  },
  { remedy: "write selector: {kind: tournament, tournament_size: 3}" },
);

export const Experiment = Type.Object(
  {
    name: text("give the experiment a name"),
    enabled: optional(flag),
    search_space: mapping("write search_space: {PARAMETER: [VALUE, …]}"),
    evaluator: Evaluator,
    budget: optional(Budget),
    metrics: optional(Metrics),
    selector: optional(Selector),
    param_mapping: optional(
      Type.Record(Type.String(), text("write the name of a configuration key"), {
        remedy: "write param_mapping: {PARAMETER: CONFIGURATION_KEY}",
      }),
    ),
    parallel: optional(whole(1, 1024)),
    seed: optional(whole(0, Number.MAX_SAFE_INTEGER)),
  },
  { remedy: "write {name, search_space, evaluator, budget, metrics}" },
);

export const DreamFile = Type.Object(
  {
    experiments: Type.Array(Type.Unknown(), {
      maxItems: 1000,
      remedy: "write experiments: with a list of {name, search_space, evaluator}",
    }),
    fitness_aggregation: optional(
      Type.Object(
        {
          method: optional(text("write weighted_sum")),
          weights: optional(
            Type.Record(Type.String(), Type.Number({ remedy: "write a number" }), {
              remedy: "write weights: {METRIC: NUMBER}",
            }),
          ),
        },
        { remedy: "write fitness_aggregation: {method: weighted_sum, weights: {METRIC: NUMBER}}" },
      ),
    ),
    run: optional(
      Type.Object(
        { artifact_root: optional(text("write the directory of the artifacts")) },
        { remedy: "write run: {artifact_root: DIRECTORY}" },
      ),
    ),
  },
  { remedy: "write experiments: with a list of {name, search_space, evaluator}" },
);

export const ParameterRange = Type.Object(
  {
    min: Type.Number({ remedy: "write a number" }),
    max: Type.Number({ remedy: "write a number" }),
    step: optional(Type.Number({ exclusiveMinimum: 0, remedy: "write a number above 0" })),
    type: optional(
      Type.Union([Type.Literal("int"), Type.Literal("float")], { remedy: "write int or float" }),
    ),
    log: optional(flag),
  },
  { remedy: "write a range: {min: 1, max: 9, step: 2}" },
);
