/**
 * What the runner leaves for others to read. Its configuration is the installation's `dream.yaml`; its results are the
 * installation's artifacts, and one report a cycle, which says that all of it belongs to this run.
 */

export type ParameterValue = string | number | boolean | null | readonly ParameterValue[];

export interface Parameters {
  readonly [name: string]: ParameterValue;
}

export interface Metrics {
  readonly [name: string]: number;
}

/** One winner, as `winners/<experiment>.json` holds it. */
export interface Winner {
  readonly experiment: string;
  /** First 16 hex digits of SHA-256 of the parameters as Python's `json.dumps(params, sort_keys=True)` writes them. */
  readonly hash: string;
  readonly fitness: number;
  readonly params: Parameters;
  /** Null: nothing was measured; such a winner is never deployed. */
  readonly metrics: Metrics | null;
  /** Unix seconds; null when the file has none. */
  readonly updatedAt: number | null;
}

export type ExperimentOutcome = "completed" | "failed" | "timeout" | "skipped";

/** How one experiment of a cycle ended. */
export interface ExperimentReport {
  readonly experiment: string;
  readonly outcome: ExperimentOutcome;
  readonly generations: number;
  readonly candidates: number;
  /** Candidates whose evaluation failed. */
  readonly failed: number;
  /** Why candidates failed, the commonest first, with how often. */
  readonly failures: readonly { readonly reason: string; readonly count: number }[];
  readonly bestFitness: number | null;
  /** Directory with its candidates and summary; null when it did not get that far. */
  readonly artifacts: string | null;
  readonly durationS: number;
}

/** `<artifacts>/cycles/<run tag>.json`: written once, atomically, as the last act of a cycle, whatever came of it. */
export interface CycleReport {
  readonly schema: "kloros-dream-cycle/1";
  readonly run_tag: string;
  /** UTC, RFC 3339. */
  readonly started_at: string;
  readonly ended_at: string;
  /** At least one experiment has a winner. */
  readonly success: boolean;
  readonly exit_code: number;
  readonly error: string | null;
  readonly experiments: readonly ExperimentReport[];
  readonly winners: readonly Winner[];
}

/** One line on standard output when asked for with `--progress json`; everything else there is for people. */
export interface ProgressLine {
  readonly progress: {
    readonly run_tag: string;
    readonly experiment: string;
    readonly experiments_done: number;
    readonly experiments: number;
    readonly generation: number;
    readonly candidates: number;
    readonly candidates_max: number | null;
    readonly failed: number;
    readonly best_fitness: number | null;
    readonly elapsed_s: number;
  };
}
