import { ModuleIntegrated } from "@kloros/signal-schema";
import type { Bench, BenchContext } from "../bench.ts";
import { generateTree } from "@kloros/curiosity-core/testing";
import { memoryOf } from "../house/proc_stat.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { median, sharedNowMs } from "../house/statistics.ts";
import { SOURCES, System, WORKERS } from "../house/system.ts";

const SEED = 11;
const [SMALL, LARGE] = [50, 500];
const LIMIT_MS = 180_000;

async function flow({ scratch }: BenchContext, packages: number): Promise<Quantity[]> {
  const source = scratch.subdirectory();
  const { expected } = generateTree(source, packages, SEED);
  const system = new System(scratch, source);
  const startedAt = sharedNowMs();
  await system.start([...WORKERS, ...SOURCES]);
  const integrated = (): Set<unknown> =>
    new Set(system.named(ModuleIntegrated.name).map(({ signal }) => signal.facts["module_name"]));
  await system.until(
    `${String(packages)} packages integrated`,
    LIMIT_MS,
    () => integrated().size >= expected.length,
  );
  const tookS = (sharedNowMs() - startedAt) / 1000;
  const peaks = system.children.map(({ name, pid }): Quantity => {
    return { what: `peak memory, ${name}`, unit: "MB", value: memoryOf(pid)?.peakMb ?? NaN };
  });
  const missing = expected.filter((name) => !integrated().has(name)).length;
  await system.stop();
  return [
    ...peaks,
    { what: "peak memory, all", unit: "MB", value: peaks.reduce((sum, { value }) => sum + value, 0) },
    { what: "all integrated", unit: "s", value: tookS },
    { what: "not integrated", unit: "", value: missing },
  ];
}

export const treeMemory: Bench = {
  name: "tree-memory",
  title: `a tree of ${String(LARGE)} packages beside one of ${String(SMALL)}, through the whole flow`,
  method:
    "All services as separate processes, started over a generated tree with a known answer, until each package was announced as integrated. Memory is the kernel's high-water mark of each process (VmHWM) at that moment. " +
    "The ratio is large tree ÷ small tree.",
  limitMs: 15 * 60_000,
  async run(context) {
    const large = context.quick ? SMALL * 2 : LARGE;
    const nameOf = (packages: number): string => `${String(packages)} packages`;
    const figures = await measureRounds(
      [SMALL, large].map((packages) => ({
        name: nameOf(packages),
        measure: () => flow(context, packages),
      })),
      context.quick ? 1 : 3,
      context.say,
    );
    const valueOf = (what: string, packages: number): number =>
      median(figures.find((one) => one.what === what && one.subject === nameOf(packages))?.values ?? []);
    const memories = [...new Set(figures.map(({ what }) => what))].filter((what) => what.startsWith("peak"));
    return {
      figures,
      ratios: memories.map((what) => ({
        text: `${what}: ${nameOf(large)} ÷ ${nameOf(SMALL)}`,
        value: valueOf(what, large) / valueOf(what, SMALL),
        wanted: { atMost: 1.5 },
      })),
      notes: [],
    };
  },
};
