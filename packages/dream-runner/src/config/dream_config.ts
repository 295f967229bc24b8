import type { FileProblem } from "../file_problem.ts";
import type { ParameterValue } from "../types.ts";

/** One value that a parameter may take, with the JSON text a Python program would write for it. */
export interface Choice {
  readonly value: ParameterValue;
  /** `5` or `5.0`, as the configuration says it: the winner's hash depends on it. */
  readonly text: string;
}

export interface SearchParameter {
  readonly name: string;
  readonly choices: readonly Choice[];
  /** Numbers in ascending order: neighbours are alike. */
  readonly isOrdered: boolean;
}

export interface EvaluatorLimits {
  /** One candidate, seconds. */
  readonly timeoutS: number;
  /** One candidate with all its processes, MB (2^20 bytes). */
  readonly memoryMb: number;
}

export type EvaluatorConfig =
  | (EvaluatorLimits & { readonly kind: "command"; readonly command: readonly string[] })
  | (EvaluatorLimits & {
      readonly kind: "python" | "module";
      /** Absolute. */
      readonly file: string;
      /** The Python that runs it. */
      readonly interpreter: string;
      readonly entry: "symbol" | "class" | "factory";
      readonly name: string;
      readonly initKwargs: Readonly<Record<string, unknown>>;
    });

export interface Budget {
  readonly wallclockS: number;
  readonly candidates: number;
  readonly generations: number;
  readonly allowGpu: boolean;
}

export interface Objective {
  readonly metric: string;
  /** Factor in the weighted sum; negative for what should go down. */
  readonly weight: number;
}

export interface SelectorConfig {
  readonly kind: "evolution" | "random";
  /** New candidates of one generation. */
  readonly population: number;
  readonly tournamentSize: number;
  /** How many of the best so far may have offspring. */
  readonly survivors: number;
  /** How many of the best breed beside the tournament's winners, whatever the draw. */
  readonly elitism: number;
  /** Candidates of each generation that are drawn freely. */
  readonly freshInject: number;
}

export interface ExperimentConfig {
  readonly name: string;
  readonly enabled: boolean;
  readonly parameters: readonly SearchParameter[];
  readonly evaluator: EvaluatorConfig;
  readonly budget: Budget;
  readonly objectives: readonly Objective[];
  readonly metricMap: Readonly<Record<string, string>>;
  readonly selector: SelectorConfig;
  /** Null: not stated. */
  readonly parallel: number | null;
  readonly seed: number | null;
}

export interface DreamConfig {
  /** Absolute path of the file. */
  readonly path: string;
  /** Directory that relative paths of evaluators and artifacts start from. */
  readonly base: string;
  /** Those that can run; one that is disabled and incomplete is a warning instead. */
  readonly experiments: readonly ExperimentConfig[];
  /** Parameter → configuration key, of each experiment that states it, also of disabled ones. */
  readonly paramMappings: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** `run.artifact_root`, absolute; null when the file has none. */
  readonly artifactRoot: string | null;
  readonly warnings: readonly FileProblem[];
}
