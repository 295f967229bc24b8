import type { Bench } from "../bench.ts";
import { generateTree } from "@kloros/curiosity-core/testing";
import { ModuleIntegrated } from "@kloros/signal-schema";
import type { Child } from "../house/child.ts";
import { cpuSeconds, memoryOf } from "../house/proc_stat.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { median } from "../house/statistics.ts";
import { DREAM, SOURCES, System, WORKERS } from "../house/system.ts";

const PACKAGES = 20;
const SEED = 3;
const REST_MS = 5000;
const LIMIT_MS = 60_000;

const cpuOf = ({ pid }: Child): number => cpuSeconds(pid) ?? 0;
const rssOf = ({ pid }: Child): number => memoryOf(pid)?.rssMb ?? 0;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function watch(children: readonly Child[], ms: number): Promise<Quantity[]> {
  const [cpuBefore, rssBefore, startedAt] = [children.map(cpuOf), children.map(rssOf), performance.now()];
  await Bun.sleep(ms);
  const tookS = (performance.now() - startedAt) / 1000;
  const shares = children.map((child, index) => ((cpuOf(child) - (cpuBefore[index] ?? 0)) / tookS) * 100);
  const rss = children.map(rssOf);
  return [
    ...children.map(({ name }, index): Quantity => ({
      what: `processor, ${name}`,
      unit: "%",
      value: shares[index] ?? NaN,
    })),
    { what: "processor, all", unit: "%", value: sum(shares) },
    { what: "memory, all", unit: "MB", value: sum(rss) },
    { what: "growth of memory, all", unit: "MB", value: sum(rss) - sum(rssBefore) },
  ];
}

export const idle: Bench = {
  name: "idle",
  title: "all daemons with nothing to do",
  method:
    "All services as separate processes after they have integrated a tree of twenty packages and rested for five seconds. Processor time of all threads from /proc/<pid>/stat over half a minute, as a share of one " +
    "core (the kernel counts in hundredths of a second: over half a minute that is 0.03 %), resident memory (shared pages counted in each process) and its growth.",
  limitMs: 8 * 60_000,
  async run({ scratch, quick, say }) {
    const measure = async (): Promise<Quantity[]> => {
      const source = scratch.subdirectory();
      const { expected } = generateTree(source, PACKAGES, SEED);
      const system = new System(scratch, source);
      await system.start([...WORKERS, ...DREAM, ...SOURCES]);
      const count = (): number => system.named(ModuleIntegrated.name).length;
      await system.until("the tree integrated", LIMIT_MS, () => count() >= expected.length);
      await Bun.sleep(REST_MS);
      const quantities = await watch(system.children, quick ? 5000 : 30_000);
      await system.stop();
      return quantities;
    };
    const figures = await measureRounds([{ name: "kloros", measure }], quick ? 1 : 3, say);
    const all = figures.find(({ what }) => what === "processor, all")?.values ?? [];
    return {
      figures,
      ratios: [{ text: "processor, all daemons", value: median(all), unit: "%", wanted: { atMost: 2 } }],
      notes: [],
    };
  },
};
