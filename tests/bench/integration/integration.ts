import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createRoot, CuriosityInvestigate, ModuleIntegrated } from "@kloros/signal-schema";
import type { Bench, BenchContext } from "../bench.ts";
import { generateTree } from "@kloros/curiosity-core/testing";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { latenciesOf, median, sharedNowMs } from "../house/statistics.ts";
import { SOURCES, System, WORKERS } from "../house/system.ts";

const SEED = 7;
const LIMIT_MS = 30_000;
const ROOT_SIGNAL = CuriosityInvestigate.name;

function questionAbout(name: string, path: string) {
  return createRoot(
    CuriosityInvestigate,
    {
      question: `What does ${name} do?`,
      question_id: `discover.module.${name}`,
      priority: "normal",
      evidence: [`path:${path}`, "has_init:True", "py_files:3", "has_docs:False", "age_days:3"],
      hypothesis: `UNDISCOVERED_MODULE_${name.toUpperCase()}`,
      capability_key: `undiscovered.${name}`,
      module_name: name,
      module_path: path,
    },
    { source: "curiosity-core", nowMs: Date.now() },
  );
}

/** One question at a time, from its publish to the announcement that the registry has it. */
async function questions({ scratch, quick }: BenchContext): Promise<Quantity[]> {
  const source = scratch.subdirectory();
  const { expected } = generateTree(source, quick ? 10 : 60, SEED);
  const system = new System(scratch, source);
  const bus = await system.start(WORKERS, "curiosity-core");
  const times: number[] = [];
  for (const name of expected) {
    const from = sharedNowMs();
    await bus.publish([questionAbout(name, join(source, name))]);
    const integrated = () =>
      system.named(ModuleIntegrated.name).find(({ signal }) => signal.facts["module_name"] === name);
    await system.until(`${name} integrated`, LIMIT_MS, () => integrated() !== undefined);
    times.push((integrated()?.at ?? NaN) - from);
  }
  await system.stop();
  return quantities("question → integrated", times);
}

/** Modules appear in the tree one after the other; curiosity-core finds them by itself. */
async function discoveries({ scratch, quick }: BenchContext): Promise<Quantity[]> {
  const [source, waiting] = [scratch.subdirectory(), scratch.subdirectory()];
  const { expected } = generateTree(waiting, quick ? 5 : 30, SEED);
  mkdirSync(join(source, "registry"), { recursive: true });
  renameSync(join(waiting, "registry/capabilities.yaml"), join(source, "registry/capabilities.yaml"));
  const system = new System(scratch, source);
  await system.start([...WORKERS, ...SOURCES]);
  const [fromQuestion, fromFiles]: [number[], number[]] = [[], []];
  for (const name of expected) {
    const from = sharedNowMs();
    renameSync(join(waiting, name), join(source, name));
    const find = (signalName: string) =>
      system.named(signalName).find(({ signal }) => signal.facts["module_name"] === name);
    await system.until(`${name} integrated`, LIMIT_MS, () => find(ModuleIntegrated.name) !== undefined);
    const end = find(ModuleIntegrated.name)?.at ?? NaN;
    fromQuestion.push(end - (find(ROOT_SIGNAL)?.at ?? NaN));
    fromFiles.push(end - from);
  }
  await system.stop();
  return [
    ...quantities("discovery → integrated", fromQuestion),
    ...quantities("module in the tree → integrated", fromFiles),
  ];
}

function quantities(what: string, times: readonly number[]): Quantity[] {
  const { p50, p99, max } = latenciesOf(times);
  return [
    { what: `${what}, p50`, unit: "ms", value: p50 },
    { what: `${what}, p99`, unit: "ms", value: p99 },
    { what: `${what}, max`, unit: "ms", value: max },
  ];
}

export const integration: Bench = {
  name: "integration",
  title: "question → integrated and discovery → integrated, static analysis",
  method:
    "All services as separate processes over a generated tree of Python packages. Question: published as curiosity-core, one at a time; the time runs from the call to the announcement of " +
    "Q_MODULE_INTEGRATED on the live feed, so over two signals, an investigation with its synced record, and the registry's atomic rewrite. Discovery: packages are moved into the source tree one at a time " +
    "and found by the real curiosity-core; the time runs from the announcement of its question, and beside it from the move itself (which includes the quarter of a second for which a module must have been left alone).",
  limitMs: 8 * 60_000,
  async run(context) {
    const figures = await measureRounds(
      [
        { name: "kloros", measure: () => questions(context) },
        { name: "kloros", measure: () => discoveries(context) },
      ],
      context.quick ? 1 : 3,
      context.say,
    );
    const limit = (what: string) => ({
      text: what,
      value: median(figures.find((figure) => figure.what === what)?.values ?? []),
      unit: "ms" as const,
      wanted: { atMost: 1000 },
    });
    return {
      figures,
      ratios: [
        limit("question → integrated, max"),
        limit("discovery → integrated, max"),
        limit("module in the tree → integrated, max"),
      ],
      notes: [],
    };
  },
};
