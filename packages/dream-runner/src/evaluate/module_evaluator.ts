import type { EvaluatorConfig } from "../config/dream_config.ts";
import type { Evaluator } from "./evaluation.ts";
import { MODULE_WORKER } from "./module_worker.ts";
import type { EvaluatorPlace } from "./place.ts";
import { setupOf } from "./python_evaluator.ts";
import { workerEvaluator } from "./worker_evaluator.ts";

type FileEvaluator = Exclude<EvaluatorConfig, { readonly kind: "command" }>;

/**
 * A function of a TypeScript or JavaScript module. Bun runs it: the one that runs this program, or, compiled, the one
 * inside the executable, which behaves as `bun` when `BUN_BE_BUN` is set. So it does not matter how the program is
 * called or which others share its file.
 */
export function moduleEvaluator(config: FileEvaluator, place: EvaluatorPlace): Evaluator {
  return workerEvaluator(
    {
      command: (token) => [process.execPath, "-e", MODULE_WORKER, token],
      environment: { BUN_BE_BUN: "1" },
      setup: setupOf(config),
      timeoutS: config.timeoutS,
      memoryMb: config.memoryMb,
    },
    place,
  );
}
