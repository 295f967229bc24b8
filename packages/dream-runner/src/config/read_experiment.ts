import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { FileProblem } from "../file_problem.ts";
import { checkShape, pathText, shown, unknownKeys, withoutEmpty } from "./check_shape.ts";
import type { Budget, ExperimentConfig, Objective, SelectorConfig } from "./dream_config.ts";
import { Evaluator, Experiment } from "./dream_schema.ts";
import { readEvaluator } from "./read_evaluator.ts";
import { readSearchSpace } from "./read_search_space.ts";
import type { YamlPath, YamlPlaces } from "./yaml_places.ts";

export interface ReadExperimentOptions {
  readonly path: YamlPath;
  readonly base: string;
  /** `fitness_aggregation.weights`. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface ReadExperiment {
  /** Absent when there are problems. */
  readonly experiment?: ExperimentConfig;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

type RawExperiment = Static<typeof Experiment>;

const EXPERIMENT_NAME = /^[A-Za-z0-9_][A-Za-z0-9._ +@-]{0,99}$/;
/** Directories beside those of the experiments. */
const RESERVED = new Set(["winners", "cycles", "promotions", "promotions_ack"]);
const DEFAULT_WALLCLOCK_S = 600;
const DEFAULT_CANDIDATES = 60;
const DEFAULT_GENERATIONS = 1000;
const POPULATION_MIN = 4;
const POPULATION_MAX = 8;
const FALLBACK_METRIC = "fitness";

export function readExperiment(
  places: YamlPlaces,
  written: unknown,
  { path, base, weights }: ReadExperimentOptions,
): ReadExperiment {
  const raw = withoutEmpty(Experiment, written);
  const shape = checkShape(places, Experiment, raw, path);
  if (!isRecord(raw)) return { problems: shape, warnings: [] };
  const space = isRecord(raw["search_space"])
    ? readSearchSpace(places, raw["search_space"], [...path, "search_space"])
    : { parameters: [], problems: [] };
  const evaluator = Value.Check(Evaluator, raw["evaluator"])
    ? readEvaluator(places, raw["evaluator"], { path: [...path, "evaluator"], base })
    : { problems: [] };
  const named = typeof raw["name"] === "string" ? nameProblems(places, raw["name"], path) : [];
  const problems = [...shape, ...named, ...space.problems, ...evaluator.problems];
  if (shape.length > 0) return { problems, warnings: [] };
  const experiment = raw as RawExperiment;
  const warnings = [...unknownKeys(places, Experiment, raw, path), ...kindWarnings(places, experiment, path)];
  if (problems.length > 0 || evaluator.evaluator === undefined) return { problems, warnings };
  const budget = readBudget(experiment.budget ?? {});
  return {
    problems,
    warnings,
    experiment: {
      name: experiment.name,
      enabled: experiment.enabled ?? true,
      parameters: space.parameters,
      evaluator: evaluator.evaluator,
      budget,
      objectives: readObjectives(experiment.metrics?.target_direction ?? {}, weights),
      metricMap: experiment.metrics?.map ?? {},
      selector: readSelector(experiment.selector ?? {}, { budget, parallel: experiment.parallel ?? 1 }),
      parallel: experiment.parallel ?? null,
      seed: experiment.seed ?? null,
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** It becomes the name of a directory and of a file. */
function nameProblems(places: YamlPlaces, name: string, path: YamlPath): FileProblem[] {
  const at = [...path, "name"];
  if (RESERVED.has(name)) {
    return [
      places.problem(
        at,
        `${pathText(at)} is ${shown(name)}, a directory of the artifacts`,
        "choose another name",
      ),
    ];
  }
  if (EXPERIMENT_NAME.test(name) && !name.includes("..") && !name.endsWith(".json")) return [];
  const remedy =
    'use letters, digits, "_", "-" and single points, at most 100 characters: files are named by it';
  return [places.problem(at, `${pathText(at)} is ${shown(name)}`, remedy)];
}

function readBudget(raw: NonNullable<RawExperiment["budget"]>): Budget {
  return {
    wallclockS: raw.wallclock_sec ?? DEFAULT_WALLCLOCK_S,
    candidates: raw.max_candidates ?? DEFAULT_CANDIDATES,
    generations: raw.max_generations ?? DEFAULT_GENERATIONS,
    allowGpu: raw.allow_gpu ?? false,
  };
}

/** Weights are shared by all experiments, so they apply to what this one measures; alone they name the metrics. */
function readObjectives(
  directions: Readonly<Record<string, string>>,
  weights: Readonly<Record<string, number>>,
): Objective[] {
  const names = Object.keys(directions);
  if (names.length > 0) {
    return names.map((metric) => {
      const weight = Math.abs(weights[metric] ?? 1);
      return { metric, weight: (directions[metric] ?? "up").match(/^(down|min)/) ? -weight : weight };
    });
  }
  const weighted = Object.entries(weights).map(([metric, weight]) => ({ metric, weight }));
  return weighted.length > 0 ? weighted : [{ metric: FALLBACK_METRIC, weight: 1 }];
}

function readSelector(
  raw: NonNullable<RawExperiment["selector"]>,
  { budget, parallel }: { readonly budget: Budget; readonly parallel: number },
): SelectorConfig {
  const population = raw.population ?? defaultPopulation(budget, parallel);
  const part = (value: number): number => (value < 1 ? Math.round(value * population) : Math.round(value));
  return {
    kind: raw.kind === "random" ? "random" : "evolution",
    population,
    tournamentSize: raw.tournament_size ?? 2,
    survivors: Math.max(1, part(raw.survivors ?? Math.ceil(population / 2))),
    elitism: part(raw.elitism ?? 1),
    freshInject: Math.min(population, part(raw.fresh_inject ?? 0.1)),
  };
}

/**
 * Small generations learn sooner (8 was best of 8, 10 and 16 on the benchmark's functions); not so small that
 * evaluators stand idle, or that the given number of generations could not use up the candidates.
 */
function defaultPopulation({ candidates, generations }: Budget, parallel: number): number {
  const wished = Math.min(POPULATION_MAX, Math.max(POPULATION_MIN, Math.round(Math.sqrt(candidates))));
  return Math.max(wished, parallel, Math.ceil(candidates / generations));
}

const KINDS = new Set(["tournament", "evolution", "evolutionary", "rzero", "random"]);

function kindWarnings(places: YamlPlaces, { selector }: RawExperiment, path: YamlPath): FileProblem[] {
  const kind = selector?.kind;
  if (kind === undefined || KINDS.has(kind)) return [];
  const at = [...path, "selector", "kind"];
  const problem = `${pathText(at)} is ${shown(kind)}, which is not known here; tournament is used`;
  return [places.problem(at, problem, "write tournament or random")];
}
