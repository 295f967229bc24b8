/** One experiment: generation after generation until the space or the budget is used up. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@kloros/daemon";
import type { ExperimentConfig } from "../config/dream_config.ts";
import { createEvaluator } from "../evaluate/create_evaluator.ts";
import { CUT, failed, type Evaluation, type Evaluator } from "../evaluate/evaluation.ts";
import type { EvaluatorPlace } from "../evaluate/place.ts";
import { scoreMetrics } from "../search/fitness.ts";
import { genesFor, keyOf, parametersText, type Genes } from "../search/genes.ts";
import { SeededRandom, seedOf } from "../search/random.ts";
import { Search } from "../search/search.ts";
import type { ExperimentReport, Parameters } from "../types.ts";
import {
  makeRunDirectory,
  writeGeneration,
  writeSummary,
  type Best,
  type CandidateRecord,
} from "./artifacts.ts";
import { Tally } from "./tally.ts";

export interface ExperimentSurroundings {
  /** Absolute. */
  readonly artifacts: string;
  readonly runTag: string;
  readonly clock: Clock;
  readonly place: EvaluatorPlace;
  /** Evaluators at the same time. */
  readonly parallel: number;
  readonly seed: number;
  /** The winner of the run before. */
  readonly incumbent: Parameters | undefined;
  /** No candidate is started after this, monotonic ms. */
  readonly deadlineMs: number;
  /** Ends it at once; what was found is not a result. */
  readonly abort: AbortSignal;
  readonly onProgress: (state: ExperimentState) => void;
}

export interface ExperimentState {
  readonly generation: number;
  readonly candidates: number;
  readonly candidatesMax: number;
  readonly failed: number;
  readonly bestFitness: number | null;
}

export interface ExperimentResult {
  readonly report: ExperimentReport;
  readonly best: Best | undefined;
}

/**
 * When so many candidates were tried and none could be measured, the evaluator is broken, not the candidates: a share
 * of the budget, because most of a space may be out of bounds, and a start of a few candidates may miss the rest.
 */
const HOPELESS_SHARE = 0.25;
const HOPELESS_MIN = 8;

export async function runExperiment(
  config: ExperimentConfig,
  surroundings: ExperimentSurroundings,
): Promise<ExperimentResult> {
  const { artifacts, clock } = surroundings;
  const unix = Math.floor(clock.wallMs() / 1000);
  const directory = await makeRunDirectory(artifacts, config.name, unix);
  const run = new ExperimentRun(config, surroundings, directory);
  return await run.untilEnd();
}

class ExperimentRun {
  readonly #config: ExperimentConfig;
  readonly #around: ExperimentSurroundings;
  readonly #directory: string;
  readonly #startedMs: number;
  readonly #deadlineMs: number;
  readonly #search: Search;
  readonly #incumbent: Genes | undefined;
  readonly #evaluators: readonly Evaluator[];
  readonly #tally = new Tally();
  #generations = 0;
  #started = 0;
  #best: Best | undefined;

  constructor(config: ExperimentConfig, around: ExperimentSurroundings, directory: string) {
    this.#config = config;
    this.#around = around;
    this.#directory = directory;
    this.#startedMs = around.clock.monotonicMs();
    this.#deadlineMs = Math.min(around.deadlineMs, this.#startedMs + config.budget.wallclockS * 1000);
    const random = new SeededRandom(around.seed);
    this.#search = new Search(config.parameters, { selector: config.selector, random });
    this.#incumbent = around.incumbent && genesFor(config.parameters, around.incumbent);
    const slots = Math.min(around.parallel, config.budget.candidates);
    this.#evaluators = Array.from({ length: slots }, () => createEvaluator(config.evaluator, around.place));
  }

  async untilEnd(): Promise<ExperimentResult> {
    let ending = "";
    try {
      while (ending === "") ending = await this.#generation();
    } finally {
      await Promise.all(this.#evaluators.map((evaluator) => evaluator.close()));
      await removeTree(join(this.#directory, "work"));
    }
    return await this.#conclude(ending);
  }

  /** Why the search is over, or "" when it goes on. */
  async #generation(): Promise<string> {
    const ending = this.#ending();
    if (ending !== "") return ending;
    const { budget } = this.#config;
    const first = this.#generations === 0 && this.#incumbent !== undefined ? [this.#incumbent] : [];
    const genes = this.#search.next(budget.candidates - this.#started, first);
    if (genes.length === 0) return "every candidate of the space was measured";
    const records = await this.#measureAll(genes);
    if (records.length > 0) await writeGeneration(this.#directory, this.#generations, records);
    this.#generations += 1;
    return "";
  }

  #ending(): string {
    const { budget } = this.#config;
    if (this.#around.abort.aborted) return CUT;
    if (this.#leftMs() <= 0) return "its time is used up";
    if (this.#started >= budget.candidates) return "its candidates are used up";
    if (this.#generations >= budget.generations) return "its generations are used up";
    const { candidates, failed } = this.#tally;
    const hopelessAt = Math.max(HOPELESS_MIN, budget.candidates * HOPELESS_SHARE);
    return candidates >= hopelessAt && failed === candidates ? "no candidate could be measured" : "";
  }

  #leftMs(): number {
    return this.#deadlineMs - this.#around.clock.monotonicMs();
  }

  /** In the order of the generation, whichever ended first; those that the run's end cut off are left out. */
  async #measureAll(generation: readonly Genes[]): Promise<CandidateRecord[]> {
    const first = this.#started;
    this.#started += generation.length;
    const results: (CandidateRecord | undefined)[] = [];
    const budget = AbortSignal.timeout(Math.max(0, Math.ceil(this.#leftMs())));
    const abort = AbortSignal.any([this.#around.abort, budget]);
    let next = 0;
    const drain = async (evaluator: Evaluator): Promise<void> => {
      for (let index = next++; index < generation.length && !abort.aborted; index = next++) {
        const genes = generation[index];
        if (genes !== undefined) results[index] = await this.#measure(evaluator, genes, first + index, abort);
      }
    };
    await Promise.all(this.#evaluators.map((evaluator) => drain(evaluator)));
    generation.forEach((genes, index) => {
      const fitness = results[index]?.fitness ?? null;
      if (fitness !== null) this.#search.tell(genes, fitness);
    });
    return results.filter((record) => record !== undefined);
  }

  async #measure(
    evaluator: Evaluator,
    genes: Genes,
    candidate: number,
    abort: AbortSignal,
  ): Promise<CandidateRecord | undefined> {
    const { clock, runTag: run_tag, seed } = this.#around;
    const { name: experiment, parameters } = this.#config;
    const generation = this.#generations;
    const params = parametersText(parameters, genes);
    const work_dir = join(this.#directory, "work", String(candidate));
    const from = clock.monotonicMs();
    const context = {
      experiment,
      run_tag,
      generation,
      candidate,
      seed: seedOf(`${String(seed)}/${String(candidate)}`),
      work_dir,
    };
    const evaluation = await inWorkDirectory(work_dir, () => evaluator.evaluate({ params, context }, abort));
    const durationS = seconds(clock.monotonicMs() - from);
    if (!evaluation.ok && evaluation.isCut === true) return undefined;
    const isIncumbent = this.#isIncumbent(genes);
    const record = { generation, candidate, params, durationS, isIncumbent, ...this.#judge(evaluation) };
    this.#note(record);
    return record;
  }

  #judge(evaluation: Evaluation): Pick<CandidateRecord, "metrics" | "fitness" | "error"> {
    if (!evaluation.ok) return { metrics: null, fitness: null, error: evaluation.error };
    const score = scoreMetrics(evaluation.metrics, this.#config);
    return score.ok
      ? { metrics: score.metrics, fitness: score.fitness, error: null }
      : { metrics: score.metrics, fitness: null, error: score.error };
  }

  #isIncumbent(genes: Genes): boolean {
    return this.#incumbent !== undefined && keyOf(this.#incumbent) === keyOf(genes);
  }

  #note({ params, fitness, metrics, error, isIncumbent }: CandidateRecord): void {
    this.#tally.count(error);
    if (fitness !== null && metrics !== null && this.#isBetter({ params, fitness, isIncumbent })) {
      this.#best = { params, fitness, metrics, isIncumbent };
    }
    this.#around.onProgress({
      generation: this.#generations,
      candidates: this.#tally.candidates,
      candidatesMax: this.#config.budget.candidates,
      failed: this.#tally.failed,
      bestFitness: this.#best?.fitness ?? null,
    });
  }

  /** Of equals the incumbent stays; of others the same one wins whichever was measured first. */
  #isBetter({ params, fitness, isIncumbent }: Omit<Best, "metrics">): boolean {
    const best = this.#best;
    if (best === undefined || fitness !== best.fitness) return best === undefined || fitness > best.fitness;
    return isIncumbent || (!best.isIncumbent && params < best.params);
  }

  async #conclude(ending: string): Promise<ExperimentResult> {
    const { clock, abort, runTag: run_tag, seed } = this.#around;
    const { candidates, failed } = this.#tally;
    const durationS = seconds(clock.monotonicMs() - this.#startedMs);
    const isCut = abort.aborted;
    const facts = {
      ts: Math.floor(clock.wallMs() / 1000),
      experiment: this.#config.name,
      generations: this.#generations,
      run_tag,
      seed,
      candidates,
      failed,
      ended_because: ending,
      duration_s: durationS,
    };
    if (!isCut) await writeSummary(this.#directory, this.#best, facts);
    const best = isCut ? undefined : this.#best;
    const hasRunOut = best === undefined && failed === 0 && !isCut;
    const outcome = best === undefined ? (hasRunOut ? "timeout" : "failed") : "completed";
    const report: ExperimentReport = {
      experiment: this.#config.name,
      outcome,
      generations: this.#generations,
      candidates,
      failed,
      failures: this.#tally.failures(),
      bestFitness: best?.fitness ?? null,
      artifacts: this.#directory,
      durationS,
    };
    return { report, best };
  }
}

/** A directory that cannot be made fails the candidate; one that cannot be removed is left to the experiment's end. */
async function inWorkDirectory(path: string, measure: () => Promise<Evaluation>): Promise<Evaluation> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    return failed(`its work directory cannot be made: ${String(error)}`);
  }
  const evaluation = await measure();
  await removeTree(path);
  return evaluation;
}

/** What an evaluator left running may still write there, or have put something in its place. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
