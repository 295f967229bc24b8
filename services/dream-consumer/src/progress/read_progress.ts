/** A line of the runner's output that tells how far it is. Pure. */
import type { ProgressLine } from "@kloros/dream-runner";
import type { DreamProgress, FactsOf } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export type Progress = ProgressLine["progress"];
export type ProgressFacts = FactsOf<typeof DreamProgress>;

const count = Type.Integer({ minimum: 0 });
const line = Type.Object({
  progress: Type.Object({
    run_tag: Type.String(),
    experiment: Type.String({ minLength: 1, maxLength: 1024 }),
    experiments_done: count,
    experiments: count,
    generation: count,
    candidates: count,
    candidates_max: Type.Union([count, Type.Null()]),
    failed: count,
    best_fitness: Type.Union([Type.Number(), Type.Null()]),
    elapsed_s: Type.Number({ minimum: 0 }),
  }),
});

/** Undefined for any other line, also for one of another run. */
export function readProgress(text: string, runTag: string): Progress | undefined {
  if (!text.startsWith('{"progress"')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Value.Check(line, value) || value.progress.run_tag !== runTag) return undefined;
  return value.progress;
}

export function progressFacts(progress: Progress, limitS: number): ProgressFacts {
  const { candidates_max, best_fitness, ...rest } = progress;
  return {
    ...rest,
    limit_s: limitS,
    ...(candidates_max === null ? {} : { candidates_max }),
    ...(best_fitness === null ? {} : { best_fitness }),
  };
}

/** `cycle 1763116200-3f9a1c2b: rag_opt (1 of 2), generation 3, 24 of 64 candidates (1 failed), best 0.79, 41 of 1680 s`. */
export function progressText(progress: Progress, limitS: number): string {
  const { candidates_max: max, best_fitness: best, failed } = progress;
  const parts = [
    `${progress.experiment} (${Math.min(progress.experiments_done + 1, progress.experiments)} of ${progress.experiments})`,
    `generation ${progress.generation}`,
    `${progress.candidates}${max === null ? "" : ` of ${max}`} candidates${failed === 0 ? "" : ` (${failed} failed)`}`,
    ...(best === null ? [] : [`best ${Number(best.toPrecision(4))}`]),
    `${Math.round(progress.elapsed_s)} of ${limitS} s`,
  ];
  return `cycle ${progress.run_tag}: ${parts.join(", ")}`;
}
