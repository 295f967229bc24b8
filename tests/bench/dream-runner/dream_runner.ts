import { availableParallelism } from "node:os";
import type { Bench, BenchContext, BenchReport, Figure, Ratio } from "../bench.ts";
import { measureRounds } from "../house/rounds.ts";
import { median } from "../house/statistics.ts";
import { measuredValues, runDream } from "./dream_run.ts";
import { TEST_FUNCTIONS, type TestFunction } from "./test_functions.ts";

const BUDGET = 400;
const SEEDS = 24;
const QUICK_SEEDS = 4;
/** What counts as the minimum in spite of rounding. */
const EXACTLY = 1e-9;
/** "Within 1 %": of the way from what a random candidate is worth on average to the minimum. */
const NEARLY = 0.01;
const WANTED_PERCENT = 90;
const WANTED_SPEED_UP = 1.5;
const BURN_CANDIDATES = 40;
/** About 40 ms of one core. */
const BURN_ROUNDS = 900_000;

type Kind = "tournament" | "random";
const SUBJECTS: Readonly<Record<Kind, string>> = { tournament: "kloros-dream", random: "random search" };

/** One experiment of a dream.yaml, in one line. */
function searchLine(fn: TestFunction, kind: Kind, seed: number): string {
  const variables = Array.from({ length: fn.dimensions }, (_, index) => `x${String(index)}: ${fn.range}`);
  return (
    `{name: ${kind}-${String(seed)}, seed: ${String(seed)}, search_space: {function: ${fn.name}, ${variables.join(", ")}}, ` +
    "evaluator: {path: evaluator.js}, metrics: {target_direction: {value: down}}, " +
    `selector: {kind: ${kind}}, budget: {max_candidates: ${String(BUDGET)}, wallclock_sec: 300}}`
  );
}

interface Course {
  readonly kind: Kind;
  /** What its candidates measured, in order. */
  readonly values: readonly number[];
}

/** Every seed with both ways to search, in turn, by one process. */
async function courses({ scratch }: BenchContext, fn: TestFunction, seeds: number): Promise<Course[]> {
  const kinds: readonly Kind[] = ["tournament", "random"];
  const all = Array.from({ length: seeds }, (_, index) => index + 1);
  const lines = all.flatMap((seed) => kinds.map((kind) => searchLine(fn, kind, seed)));
  const { experiments } = await runDream(scratch, lines, 1);
  return experiments.map(({ experiment, artifacts }) => ({
    kind: experiment.startsWith("tournament") ? "tournament" : "random",
    values: measuredValues(artifacts ?? ""),
  }));
}

function figuresOf(fn: TestFunction, all: readonly Course[]): Figure[] {
  const drawn = all.filter(({ kind }) => kind === "random").flatMap(({ values }) => values);
  const average = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  return (["tournament", "random"] as const).flatMap((kind): Figure[] => {
    const runs = all.filter((course) => course.kind === kind).map(({ values }) => values);
    const figure = (what: string, unit: Figure["unit"], values: readonly number[]): Figure => ({
      subject: SUBJECTS[kind],
      what: `${fn.name}: ${what}`,
      unit,
      values,
    });
    const firsts = runs.map((values) => values.findIndex((value) => value <= EXACTLY) + 1);
    const share = (limit: number) => [
      (100 * runs.filter((values) => values.some((value) => value <= limit)).length) / runs.length,
    ];
    return [
      ...(fn.isGrid
        ? [
            figure("seeds that meet the optimum", "%", share(EXACTLY)),
            figure(
              "candidates until the optimum",
              "",
              firsts.filter((first) => first > 0),
            ),
          ]
        : []),
      figure("seeds within 1 % of the optimum", "%", share(average * NEARLY)),
      figure(
        "best value",
        "",
        runs.map((values) => Math.max(0, Math.min(...values))),
      ),
    ].filter(({ values }) => values.length > 0);
  });
}

function shareRatio(fn: TestFunction, figures: readonly Figure[]): Ratio {
  const what = `${fn.name}: seeds ${fn.isGrid ? "that meet" : "within 1 % of"} the optimum`;
  const ours = figures.find((one) => one.what === what && one.subject === SUBJECTS.tournament);
  return { text: what, value: ours?.values[0] ?? NaN, unit: "%", wanted: { atLeast: WANTED_PERCENT } };
}

async function burn({ scratch, quick }: BenchContext, parallel: number): Promise<number> {
  const candidates = quick ? 10 : BURN_CANDIDATES;
  const line =
    `{name: burn, seed: 1, search_space: {rounds: ${String(BURN_ROUNDS)}, part: {min: 1, max: 1000}}, ` +
    "evaluator: {path: evaluator.js, symbol: burn}, metrics: {target_direction: {value: up}}, " +
    `budget: {max_candidates: ${String(candidates)}, wallclock_sec: 300}}`;
  const { experiments } = await runDream(scratch, [line], parallel);
  return (1000 * (experiments[0]?.durationS ?? NaN)) / candidates;
}

function subjectOf(parallel: number): string {
  return `${String(parallel)} ${parallel === 1 ? "evaluator" : "evaluators"}`;
}

async function speedUp(context: BenchContext): Promise<{ figures: Figure[]; ratio: Ratio }> {
  const what = "processor-bound candidate";
  const figures = await measureRounds(
    [1, 2].map((parallel) => ({
      name: subjectOf(parallel),
      measure: async () => [{ what, unit: "ms" as const, value: await burn(context, parallel) }],
    })),
    context.quick ? 1 : 5,
    context.say,
  );
  const of = (parallel: number) =>
    median(figures.find(({ subject }) => subject === subjectOf(parallel))?.values ?? []);
  return {
    figures,
    ratio: { text: "speed: 2 evaluators ÷ 1", value: of(1) / of(2), wanted: { atLeast: WANTED_SPEED_UP } },
  };
}

export const dreamRunner: Bench = {
  name: "dream-runner",
  title: "kloros-dream beside random search on standard test functions; evaluators beside each other",
  method:
    `The real program over a dream.yaml, its evaluator a module in a worker process. ${String(SEEDS)} seeds search each function with ${String(BUDGET)} candidates, ` +
    "and as many seeds draw as many candidates at random (selector: random), in turn in the same run. Sphere (3 parameters), Rastrigin (2) and Ackley (3) from -5 to 5 and Rosenbrock (2) from -2 to 2, in steps of 0.1: " +
    "grids of 1,681 to 1,030,301 candidates that hold the optimum. Sphere with 5 parameters on a range without a step: 10^15 candidates. Within 1 % means: of the way from the average random candidate to the optimum. " +
    "Speed: the time a candidate takes in an experiment whose evaluator keeps a core busy for about 40 ms, workers' start included.",
  limitMs: 15 * 60_000,
  async run(context): Promise<BenchReport> {
    const seeds = context.quick ? QUICK_SEEDS : SEEDS;
    const figures: Figure[] = [];
    const ratios: Ratio[] = [];
    for (const fn of TEST_FUNCTIONS) {
      context.say(`${fn.name}, ${String(seeds)} seeds`);
      const own = figuresOf(fn, await courses(context, fn, seeds));
      figures.push(...own);
      ratios.push(shareRatio(fn, own));
    }
    const speed = await speedUp(context);
    const cores = `This machine has ${String(availableParallelism())} cores.`;
    return { figures: [...figures, ...speed.figures], ratios: [...ratios, speed.ratio], notes: [cores] };
  },
};
