import type { ExperimentReport } from "../types.ts";

/** It was not begun. */
export function skipped(experiment: string): ExperimentReport {
  return {
    experiment,
    outcome: "skipped",
    generations: 0,
    candidates: 0,
    failed: 0,
    failures: [],
    bestFitness: null,
    artifacts: null,
    durationS: 0,
  };
}

/** One line for a person. */
export function describeEnd({
  experiment,
  outcome,
  candidates,
  failed,
  failures,
  bestFitness,
  durationS,
}: ExperimentReport): string {
  const best = bestFitness === null ? "" : `, best fitness ${String(bestFitness)}`;
  const why =
    failures[0] === undefined ? "" : `, ${String(failed)} failed (most often: ${failures[0].reason})`;
  return `${experiment}: ${outcome}, ${String(candidates)} candidates in ${durationS.toFixed(1)} s${best}${why}`;
}
