/**
 * One cycle: every enabled experiment, one after the other; then the winners' files; last of all the report. Whoever
 * finds the report finds everything else complete; who finds none knows that the cycle did not end by itself, and
 * no winner's file is of that cycle unless it died between the winners and the report.
 */
import { mkdir, realpath, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorCode, writeFileAtomic, type Clock } from "@kloros/daemon";
import type { DreamConfig, ExperimentConfig } from "../config/dream_config.ts";
import { DreamConfigError } from "../config/dream_config_error.ts";
import { readDreamConfig } from "../config/read_dream_config.ts";
import { runMarkOf } from "../evaluate/mark.ts";
import type { EvaluatorPlace } from "../evaluate/place.ts";
import { formatFileProblem } from "../file_problem.ts";
import { startGuard } from "../processes/guard.ts";
import { endMarked } from "../processes/marked.ts";
import { cycleReportPath } from "../report/read_cycle_report.ts";
import { seedOf } from "../search/random.ts";
import type { CycleReport, ExperimentReport, Parameters, Winner } from "../types.ts";
import { parseWinner, readWinner } from "../winners/read_winner.ts";
import { insistInside, winnerText, type Best } from "./artifacts.ts";
import { CYCLE_EXIT } from "./cycle_exit.ts";
import { CycleRefusal } from "./cycle_refusal.ts";
import { describeEnd, skipped } from "./experiment_report.ts";
import { selectExperiments } from "./select_experiments.ts";
import type { Progress } from "./progress.ts";
import { runExperiment, type ExperimentState } from "./run_experiment.ts";

export interface CycleOptions {
  /** `dream.yaml`. */
  readonly config: string;
  /** Wins over `run.artifact_root`. */
  readonly artifacts?: string | undefined;
  readonly runTag: string;
  /** Empty: all that are enabled. Named ones run also when they are disabled. */
  readonly experiments?: readonly string[];
  /** Evaluators at the same time; wins over what the experiment says. */
  readonly parallel?: number | undefined;
  readonly seed?: number | undefined;
  /** For the whole cycle, seconds: no candidate is started after it. */
  readonly limitS?: number | undefined;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends it: what runs is killed, the report says so. Its reason is a text. */
  readonly abort: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** What a person should know: warnings of the configuration, an experiment's end. */
  readonly say?: (line: string) => void;
}

/** Never rejects for what an evaluator, a configuration or a file does; the report says what went wrong. */
export async function runCycle(options: CycleOptions): Promise<CycleReport> {
  const cycle = new Cycle(options);
  return await cycle.untilReported();
}

/** Of one experiment. */
interface Turn {
  readonly place: EvaluatorPlace;
  readonly index: number;
  readonly total: number;
  readonly deadlineMs: number;
}

interface Ending {
  readonly exit: number;
  readonly error: string | null;
}

/** Whatever it was: the report says it. */
function endingOf(error: unknown): Ending {
  if (error instanceof CycleRefusal) return { exit: error.exit, error: error.message };
  const isSystem = errorCode(error) !== undefined;
  return { exit: (isSystem ? CYCLE_EXIT.paths : CYCLE_EXIT.crashed).code, error: String(error) };
}

class Cycle {
  readonly #options: CycleOptions;
  readonly #startedAt: string;
  readonly #startedMs: number;
  readonly #mark = crypto.randomUUID().replaceAll("-", "");
  readonly #reports: ExperimentReport[] = [];
  readonly #found = new Map<string, Best>();
  readonly #winners: Winner[] = [];
  #marks = 0;
  #artifacts: string | undefined;

  constructor(options: CycleOptions) {
    this.#options = options;
    this.#startedAt = new Date(options.clock.wallMs()).toISOString();
    this.#startedMs = options.clock.monotonicMs();
    this.#artifacts = options.artifacts === undefined ? undefined : resolve(options.artifacts);
  }

  async untilReported(): Promise<CycleReport> {
    let ending: Ending;
    try {
      ending = await this.#run();
    } catch (error) {
      ending = endingOf(error);
    }
    const report: CycleReport = {
      schema: "kloros-dream-cycle/1",
      run_tag: this.#options.runTag,
      started_at: this.#startedAt,
      ended_at: new Date(this.#options.clock.wallMs()).toISOString(),
      success: ending.exit === CYCLE_EXIT.ok.code,
      exit_code: ending.exit,
      error: ending.error,
      experiments: this.#reports,
      winners: this.#winners,
    };
    return await this.#write(report);
  }

  async #run(): Promise<Ending> {
    const config = await this.#readConfig();
    const wanted = selectExperiments(config, this.#options.experiments ?? []);
    await this.#makeDirectories(config);
    await this.#runAll(wanted, config);
    const { abort } = this.#options;
    if (abort.aborted)
      return { exit: CYCLE_EXIT.stopped.code, error: `ended before it was done: ${String(abort.reason)}` };
    await this.#writeWinners();
    if (this.#winners.length > 0) return { exit: CYCLE_EXIT.ok.code, error: null };
    return { exit: CYCLE_EXIT.failed.code, error: this.#whyNothing() };
  }

  async #readConfig(): Promise<DreamConfig> {
    try {
      const config = await readDreamConfig(this.#options.config);
      this.#artifacts ??= config.artifactRoot ?? undefined;
      for (const warning of config.warnings) this.#options.say?.(`warning: ${formatFileProblem(warning)}`);
      return config;
    } catch (error) {
      if (!(error instanceof DreamConfigError)) throw error;
      throw new CycleRefusal(error.message, CYCLE_EXIT.config.code, { cause: error });
    }
  }

  async #makeDirectories({ path }: DreamConfig): Promise<void> {
    if (this.#artifacts === undefined) {
      throw new CycleRefusal(
        `neither --artifacts nor run.artifact_root in ${path} says where results go; give one`,
        CYCLE_EXIT.config.code,
      );
    }
    try {
      await mkdir(join(this.#artifacts, "winners"), { recursive: true });
      await mkdir(join(this.#artifacts, "cycles"), { recursive: true });
      this.#artifacts = await realpath(this.#artifacts);
      for (const name of ["winners", "cycles"])
        await insistInside(this.#artifacts, join(this.#artifacts, name));
      // One of an earlier run with this tag would pass for ours if we are killed.
      await rm(cycleReportPath(this.#artifacts, this.#options.runTag), { force: true });
    } catch (error) {
      throw new CycleRefusal(
        `cannot write results to ${this.#artifacts}: ${String(error)}`,
        CYCLE_EXIT.paths.code,
        { cause: error },
      );
    }
  }

  async #runAll(wanted: readonly ExperimentConfig[], config: DreamConfig): Promise<void> {
    const { environment, runTag } = this.#options;
    const mark = runMarkOf(this.#mark);
    const guard = startGuard(mark);
    const place: EvaluatorPlace = {
      cwd: config.base,
      environment: { ...environment, KLOROS_RUN_TAG: runTag },
      nextMark: () => `${this.#mark}.${String((this.#marks += 1))}`,
    };
    try {
      for (const [index, experiment] of wanted.entries()) {
        const budgetsS = wanted.slice(index).map(({ budget }) => budget.wallclockS);
        const deadlineMs = this.#deadlineMs(budgetsS);
        this.#reports.push(
          await this.#runOne(experiment, { place, index, total: wanted.length, deadlineMs }),
        );
      }
    } finally {
      await endMarked(mark);
      await guard.release();
    }
  }

  /**
   * When the budgets of the experiments that are left do not fit into the cycle's limit, each gets a part of the time
   * as large as its part of the budgets: otherwise the last ones of the file would never run.
   */
  #deadlineMs([own = 0, ...others]: readonly number[]): number {
    const { clock, limitS } = this.#options;
    if (limitS === undefined) return Number.POSITIVE_INFINITY;
    const nowMs = clock.monotonicMs();
    const leftMs = this.#startedMs + limitS * 1000 - nowMs;
    const sumMs = others.reduce((sum, budget) => sum + budget, own) * 1000;
    return nowMs + (sumMs <= leftMs ? own * 1000 : (leftMs * own * 1000) / sumMs);
  }

  async #runOne(
    config: ExperimentConfig,
    { place, index, total, deadlineMs }: Turn,
  ): Promise<ExperimentReport> {
    const { clock, abort, say, seed, runTag } = this.#options;
    if (abort.aborted || clock.monotonicMs() >= deadlineMs) return skipped(config.name);
    const around = {
      artifacts: this.#artifacts ?? "",
      runTag,
      clock,
      place: withGpu(place, config.budget.allowGpu),
      parallel: this.#options.parallel ?? config.parallel ?? defaultParallel(),
      seed: seed ?? config.seed ?? seedOf(`${runTag}/${config.name}`),
      incumbent: await this.#incumbent(config.name),
      deadlineMs,
      abort,
      onProgress: (state: ExperimentState) => {
        this.#progress(config.name, state, { index, total });
      },
    };
    try {
      const { report, best } = await runExperiment(config, around);
      if (best !== undefined) this.#found.set(config.name, best);
      say?.(describeEnd(report));
      return report;
    } catch (error) {
      // Its artifacts cannot be written, say: the others may still have a result.
      say?.(`${config.name}: ${String(error)}`);
      return { ...skipped(config.name), outcome: "failed", failures: [{ reason: String(error), count: 1 }] };
    }
  }

  async #incumbent(experiment: string): Promise<Parameters | undefined> {
    try {
      const { params } = await readWinner(join(this.#artifacts ?? "", "winners", `${experiment}.json`));
      return params;
    } catch {
      // There is none, or none that can be read: the new one replaces it.
      return undefined;
    }
  }

  #progress(
    experiment: string,
    state: ExperimentState,
    { index, total }: { readonly index: number; readonly total: number },
  ): void {
    this.#options.onProgress?.({
      run_tag: this.#options.runTag,
      experiment,
      experiments_done: index,
      experiments: total,
      generation: state.generation,
      candidates: state.candidates,
      candidates_max: state.candidatesMax,
      failed: state.failed,
      best_fitness: state.bestFitness,
      elapsed_s: Math.round(this.#options.clock.monotonicMs() - this.#startedMs) / 1000,
    });
  }

  async #writeWinners(): Promise<void> {
    const updatedAt = Math.floor(this.#options.clock.wallMs() / 1000);
    for (const [experiment, best] of this.#found) {
      const path = join(this.#artifacts ?? "", "winners", `${experiment}.json`);
      const text = winnerText(best, updatedAt, this.#options.runTag);
      try {
        await insistInside(this.#artifacts ?? "", path);
        await writeFileAtomic(path, text);
        this.#winners.push(parseWinner(path, text));
      } catch (error) {
        this.#fail(experiment, error);
      }
    }
  }

  /** What others won stays: their files are written. */
  #fail(experiment: string, error: unknown): void {
    this.#options.say?.(`${experiment}: ${String(error)}`);
    const index = this.#reports.findIndex((report) => report.experiment === experiment);
    const report = this.#reports[index] ?? skipped(experiment);
    const failures = [{ reason: `its winner cannot be written: ${String(error)}`, count: 1 }];
    this.#reports[index] = { ...report, outcome: "failed", failures };
  }

  #whyNothing(): string {
    const reasons = this.#reports.map(
      ({ experiment, outcome, failures }) => `${experiment}: ${failures[0]?.reason ?? outcome}`,
    );
    return `no experiment has a winner (${reasons.join("; ")})`;
  }

  async #write(report: CycleReport): Promise<CycleReport> {
    if (this.#artifacts === undefined) return report;
    const path = cycleReportPath(this.#artifacts, report.run_tag);
    try {
      await mkdir(dirname(path), { recursive: true });
      await insistInside(await realpath(this.#artifacts), path);
      await writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`);
      return report;
    } catch (error) {
      // Without its report a cycle counts as one that did not end.
      const code = report.success ? CYCLE_EXIT.paths.code : report.exit_code;
      return {
        ...report,
        success: false,
        exit_code: code,
        error: `${report.error ?? ""} cannot write ${path}: ${String(error)}`.trim(),
      };
    }
  }
}

/** Half of the cores, so that the machine stays of use while it dreams. */
function defaultParallel(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/** Frameworks see no device unless the budget allows one. */
function withGpu(place: EvaluatorPlace, allowGpu: boolean): EvaluatorPlace {
  if (allowGpu) return place;
  return {
    ...place,
    environment: { ...place.environment, CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "" },
  };
}
