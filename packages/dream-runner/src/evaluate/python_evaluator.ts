import type { EvaluatorConfig } from "../config/dream_config.ts";
import type { Evaluator } from "./evaluation.ts";
import { limitedCommand } from "./limited_command.ts";
import type { EvaluatorPlace } from "./place.ts";
import PYTHON_WORKER from "./python_worker.py" with { type: "text" };
import { workerEvaluator } from "./worker_evaluator.ts";

type FileEvaluator = Exclude<EvaluatorConfig, { readonly kind: "command" }>;

/** `evaluate(params, context)` of a Python file, in a worker that gets its program on the command line. */
export function pythonEvaluator(config: FileEvaluator, place: EvaluatorPlace): Evaluator {
  return workerEvaluator(
    {
      command: (token) => limitedCommand([config.interpreter, "-c", PYTHON_WORKER, token], config.memoryMb),
      // Nothing is written into the source tree; what is printed is seen at once.
      environment: { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
      setup: setupOf(config),
      timeoutS: config.timeoutS,
      memoryMb: config.memoryMb,
    },
    place,
  );
}

export function setupOf({ file, entry, name, initKwargs }: FileEvaluator): string {
  return JSON.stringify({ file, entry, name, init_kwargs: initKwargs });
}
