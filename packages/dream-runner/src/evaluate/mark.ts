import type { Mark } from "../processes/marked.ts";

/** Carried by all processes of a run's evaluators, and not by the runner. */
export const MARK_VARIABLE = "KLOROS_DREAM_MARK";

/** Of one evaluator's process: the run's, a point, a number. */
export function markOf(value: string): Mark {
  return { entry: `${MARK_VARIABLE}=${value}` };
}

/** Of all of a run. */
export function runMarkOf(run: string): Mark {
  return { entry: `${MARK_VARIABLE}=${run}.`, isOpen: true };
}
