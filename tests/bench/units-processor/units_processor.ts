import { existsSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM_LAYOUT } from "@kloros/cli/testing";
import { generateTree } from "@kloros/curiosity-core/testing";
import { Machine } from "../../systemd/house/machine.ts";
import { buildPrograms, type Programs } from "../../systemd/house/programs.ts";
import { whyImpossible } from "../../systemd/sandbox/possible.ts";
import type { Bench, BenchContext, Figure, Ratio } from "../bench.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { median } from "../house/statistics.ts";
import { bootOneshot, OLD_SOURCE, PYTHON } from "./oneshot_machine.ts";
import { foldMinutes, mean, sampleSeconds } from "./one_second_samples.ts";
import { type Questions, writeQuestions } from "./question_writer.ts";

const PACKAGES = 20;
const SEED = 3;
/** Until the tree is integrated and every timer has come once. */
const SETTLE_MS = 75_000;
const QUESTION_EVERY_MS = 500;
/** Under load, before it is measured: one turn of the old timer. */
const LEAD_MS = 60_000;
const [OURS, OLD] = ["kloros", "oneshot"];
const PEAK = "busiest second of the minute ÷ average second";

interface Under extends Omit<Questions, "intervalMs"> {
  readonly context: BenchContext;
  /** The machine's first process. */
  readonly root: number;
}

async function watch({ context, root, ...questions }: Under): Promise<readonly Quantity[]> {
  const seconds = context.quick ? 60 : 120;
  const atRest = describe("at rest", await sampleSeconds(root, seconds));
  const stop = context.scratch.lend(writeQuestions({ ...questions, intervalMs: QUESTION_EVERY_MS }));
  await Bun.sleep(LEAD_MS);
  const loaded = describe("under load", await sampleSeconds(root, seconds));
  await stop();
  return [...atRest, ...loaded];
}

function describe(state: string, samples: readonly number[]): readonly Quantity[] {
  const [average, busiest] = [mean(samples), Math.max(...foldMinutes(samples))];
  return [
    { what: `${state}: average second`, unit: "%", value: average },
    { what: `${state}: median second`, unit: "%", value: median(samples) },
    { what: `${state}: busiest second of the minute`, unit: "%", value: busiest },
    { what: `${state}: ${PEAK}`, unit: "", value: busiest / average },
  ];
}

async function measureOurs(context: BenchContext, programs: Programs): Promise<readonly Quantity[]> {
  const machine = new Machine({ programs });
  const giveBack = context.scratch.lend(() => machine.remove());
  await machine.boot();
  const { expected } = generateTree(machine.paths.source, PACKAGES, SEED);
  await machine.own();
  await machine.start();
  await Bun.sleep(SETTLE_MS);
  const quantities = await watch({
    context,
    root: machine.sandbox.pid,
    directory: machine.paths.intents,
    modules: expected,
    source: SYSTEM_LAYOUT.source,
  });
  await giveBack();
  return quantities;
}

async function measureOld(context: BenchContext): Promise<readonly Quantity[]> {
  const home = context.scratch.subdirectory();
  const { expected } = generateTree(join(home, "src"), PACKAGES, SEED);
  const { sandbox, intents } = await bootOneshot(home);
  const giveBack = context.scratch.lend(() => sandbox.remove());
  const quantities = await watch({
    context,
    root: sandbox.pid,
    directory: intents,
    modules: expected,
    source: OLD_SOURCE,
  });
  await giveBack();
  return quantities;
}

function ratiosOf(figures: readonly Figure[]): readonly Ratio[] {
  const valueOf = (subject: string, what: string): number =>
    median(figures.find((one) => one.subject === subject && one.what === what)?.values ?? []);
  const peakOf = (subject: string): number => valueOf(subject, `under load: ${PEAK}`);
  return [
    { text: `under load, ${PEAK}: ${OURS}`, value: peakOf(OURS) },
    { text: `under load, ${PEAK}: ${OLD}`, value: peakOf(OLD) },
    { text: `the one ÷ the other`, value: peakOf(OURS) / peakOf(OLD) },
  ];
}

function whyNot(): string | undefined {
  return whyImpossible() ?? (existsSync(PYTHON) ? undefined : `there is no ${PYTHON} for the stand-in`);
}

export const unitsProcessor: Bench = {
  name: "units-processor",
  title: "processor time of all services, second by second, beside a oneshot that a timer starts every 60 s",
  method:
    "Each under a systemd of its own: the compiled programs as the units that an installation has, with shipped settings and after a tree of twenty packages was integrated; and a stand-in for the old " +
    "orchestrator, a Python script that a timer starts every 60 seconds, which looks through the same tree and for each intent parses the module's files, appends a synced record and removes the intent: the least " +
    "that the original's work came to, without its imports, and without anything stored or delivered. Two minutes at rest, then under load, two minutes of it measured: a question about a module each half " +
    "second. Each second the time on a processor of all processes of that machine, its systemd and journal included, as a share of one core. The minutes are laid over each other and the mean is taken for each " +
    "second of the minute: what comes back every minute stands out, whatever else makes the machine noisy evens out. What is compared is the shape, not the sum. Needs root.",
  limitMs: 60 * 60_000,
  async run(context) {
    const why = whyNot();
    if (why !== undefined) return { figures: [], ratios: [], notes: [`not measured: ${why}`] };
    const programs = await buildPrograms("multicall");
    const figures = await measureRounds(
      [
        { name: OURS, measure: () => measureOurs(context, programs) },
        { name: OLD, measure: () => measureOld(context) },
      ],
      context.quick ? 1 : 3,
      context.say,
    );
    return { figures, ratios: ratiosOf(figures), notes: [] };
  },
};
