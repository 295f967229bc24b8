import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SERVICE_NAMES } from "@kloros/cli/testing";
import { generateTree } from "@kloros/curiosity-core/testing";
import { Machine } from "../../systemd/house/machine.ts";
import { buildPrograms, type Programs } from "../../systemd/house/programs.ts";
import { whyImpossible } from "../../systemd/sandbox/possible.ts";
import type { Bench, BenchContext } from "../bench.ts";
import { compare } from "../house/compare.ts";
import { childrenOf } from "../house/process_tree.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { type Mappings, mappingsOf } from "./mappings.ts";

const NAMES: ReadonlySet<string> = new Set(SERVICE_NAMES);
const PACKAGES = 20;
const SEED = 3;
const WORK_MS_MAX = 120_000;
const REST_MS = 10_000;
const [ONE, SEPARATE] = ["one executable", "ten executables"];
const PSS = "PSS, all";

interface Service extends Mappings {
  readonly name: string;
}

function servicesOf(machine: Machine): readonly Service[] {
  return childrenOf(machine.sandbox.pid).flatMap((pid) => {
    const name = basename(readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").split("\0")[0] ?? "");
    return NAMES.has(name) ? [{ name, ...mappingsOf(pid) }] : [];
  });
}

const pssOf = ({ program, otherFiles, own }: Mappings): number => program + otherFiles + own;

function quantitiesOf(services: readonly Service[]): readonly Quantity[] {
  const sum = (of: (service: Service) => number): number =>
    services.reduce((total, service) => total + of(service), 0);
  const rows: readonly (readonly [what: string, megabytes: number])[] = [
    [PSS, sum(pssOf)],
    ["PSS, all: pages of executables", sum(({ program }) => program)],
    ["PSS, all: pages of other files", sum(({ otherFiles }) => otherFiles)],
    ["PSS, all: what each process wrote", sum(({ own }) => own)],
    ["resident, all, shared pages counted in each", sum(({ resident }) => resident)],
    ...services.map((service) => [`PSS, ${service.name}`, pssOf(service)] as const),
  ];
  return rows.map(([what, value]) => ({ what, unit: "MB", value }));
}

async function measure(
  { scratch }: BenchContext,
  programs: Pick<Programs, "directory" | "command">,
): Promise<readonly Quantity[]> {
  const machine = new Machine({ programs });
  const giveBack = scratch.lend(() => machine.remove());
  await machine.boot();
  const { expected } = generateTree(machine.paths.source, PACKAGES, SEED);
  await machine.own();
  await machine.start();
  const log = join(machine.paths.home, "integrated_capabilities.jsonl");
  const integrated = (): number =>
    existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0;
  await machine.until("the tree integrated", () => integrated() >= expected.length, WORK_MS_MAX);
  await Bun.sleep(REST_MS);
  const services = servicesOf(machine);
  await giveBack();
  return quantitiesOf(services);
}

export const unitsMemory: Bench = {
  name: "units-memory",
  title: "memory of all ten services together: one executable under ten names, or one for each",
  method:
    "The compiled programs as the units that an installation has, under a systemd of their own, after they have integrated a tree of twenty packages and rested for ten seconds. From /proc/<pid>/smaps: " +
    "the proportional set size counts a page that n processes share 1/n in each, so its sum is what all of them take together. Pages of files are clean: the kernel takes them back when it needs room. Needs root.",
  limitMs: 15 * 60_000,
  async run(context) {
    const why = whyImpossible();
    if (why !== undefined) return { figures: [], ratios: [], notes: [`not measured: ${why}`] };
    const separate = await buildPrograms("separate");
    const one = { directory: dirname(separate.command), command: separate.command };
    const figures = await measureRounds(
      [
        { name: ONE, measure: () => measure(context, one) },
        { name: SEPARATE, measure: () => measure(context, separate) },
      ],
      context.quick ? 1 : 5,
      context.say,
    );
    return { figures, ratios: compare(figures, { what: PSS, subject: ONE, peer: SEPARATE }), notes: [] };
  },
};
