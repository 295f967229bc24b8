import type { EvaluatorConfig } from "../config/dream_config.ts";
import { commandEvaluator } from "./command_evaluator.ts";
import type { Evaluator } from "./evaluation.ts";
import { moduleEvaluator } from "./module_evaluator.ts";
import type { EvaluatorPlace } from "./place.ts";
import { pythonEvaluator } from "./python_evaluator.ts";

export function createEvaluator(config: EvaluatorConfig, place: EvaluatorPlace): Evaluator {
  if (config.kind === "command") return commandEvaluator(config, place);
  return config.kind === "python" ? pythonEvaluator(config, place) : moduleEvaluator(config, place);
}
