import { existsSync } from "node:fs";
import { generateTree } from "@kloros/curiosity-core/testing";
import { Machine } from "../../systemd/house/machine.ts";
import { buildPrograms, type Programs } from "../../systemd/house/programs.ts";
import { IntentWriter } from "../../systemd/install/intent_writer.ts";
import { whyImpossible } from "../../systemd/sandbox/possible.ts";
import type { Bench, BenchContext, Figure, Ratio } from "../bench.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { median } from "../house/statistics.ts";
import { bootOneshot, PYTHON } from "./oneshot_machine.ts";
import { foldMinutes, mean, sampleSeconds } from "./one_second_samples.ts";

const PACKAGES = 20;
const SEED = 3;
/** Until the tree is integrated and every timer has come once. */
const SETTLE_MS = 75_000;
const INTENT_EVERY_MS = 200;
const [OURS, OLD] = ["kloros", "oneshot"];
const PEAK = "busiest second of the minute ÷ average second";

interface Under {
  readonly context: BenchContext;
  /** The machine's first process. */
  readonly root: number;
  readonly intents: string;
}

async function watch({ context, root, intents }: Under): Promise<readonly Quantity[]> {
  const seconds = context.quick ? 60 : 180;
  const atRest = describe("at rest", await sampleSeconds(root, seconds));
  const writer = new IntentWriter(intents, { intervalMs: INTENT_EVERY_MS });
  const stop = context.scratch.lend(() => void writer.stop());
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
  generateTree(machine.paths.source, PACKAGES, SEED);
  await machine.own();
  await machine.start();
  await Bun.sleep(SETTLE_MS);
  const quantities = await watch({
    context,
    root: machine.sandbox.pid,
    intents: machine.paths.intents,
  });
  await giveBack();
  return quantities;
}

async function measureOld(context: BenchContext): Promise<readonly Quantity[]> {
  const { sandbox, intents } = await bootOneshot(context.scratch.subdirectory());
  const giveBack = context.scratch.lend(() => sandbox.remove());
  const quantities = await watch({ context, root: sandbox.pid, intents });
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
    "orchestrator, a Python script that a timer starts every 60 seconds and that does no more than append a synced record for each intent and remove the file. Three minutes at rest, then three under load: an intent " +
    "each 200 ms. Each second the time on a processor of all processes of that machine, its systemd and journal included, as a share of one core. The minutes are laid over each other and the mean is taken for " +
    "each second of the minute: what comes back every minute stands out, whatever else makes the machine noisy evens out. Needs root.",
  limitMs: 60 * 60_000,
  async run(context) {
    const why = whyNot();
    if (why !== undefined) return { figures: [], ratios: [], notes: [`not measured: ${why}`] };
    const programs = await buildPrograms("multicall");
    const giveBack = context.scratch.lend(() => {
      programs.remove();
    });
    const figures = await measureRounds(
      [
        { name: OURS, measure: () => measureOurs(context, programs) },
        { name: OLD, measure: () => measureOld(context) },
      ],
      context.quick ? 1 : 3,
      context.say,
    );
    await giveBack();
    return { figures, ratios: ratiosOf(figures), notes: [] };
  },
};
