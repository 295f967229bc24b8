/** What keeps a flow from rest, and how far it is. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CuriosityInvestigate, ModuleDiscovered, ModuleIntegrated } from "@kloros/signal-schema";
import type { Resting } from "../house/house.ts";
import type { Bus } from "@kloros/bus-client";
import type { Installation } from "@kloros/daemon";
import type { FlowTree } from "./flow_tree.ts";

const CONSUMERS = [
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
] as const;

export interface Flow {
  readonly operator: Bus;
  readonly paths: Installation;
  readonly tree: FlowTree;
  /** Question ids of intents that were written. */
  readonly intents: ReadonlySet<string>;
  /** Broken intent files that must end among the rejected. */
  readonly rejectedFiles: ReadonlySet<string>;
}

export async function restingFlaws(flow: Flow): Promise<Resting> {
  const { operator, tree, intents, paths } = flow;
  const consumers = await operator.admin("consumers", {});
  const missing = CONSUMERS.filter((name) => !consumers.some((one) => one.name === name));
  const open = consumers.filter((one) => one.open > 0);
  const files = waitingIntents(paths.intents);
  const flaws = [
    ...missing.map((name) => `${name} has not come yet`),
    ...open.map((one) => `${one.name} has ${String(one.open)} open`),
    ...(files.length === 0 ? [] : [`${String(files.length)} intent files wait`]),
  ];
  const { lastSeq, deadLetters } = await operator.admin("status", {});
  if (flaws.length > 0) return { flaws, progress: "" };
  const said = await namesSaid(flow);
  for (const name of tree.expected) {
    if (!said.integrated.has(name)) flaws.push(`${name} is not integrated`);
    else if (!said.discovered.has(name)) flaws.push(`${name} is not announced`);
  }
  for (const id of intents) if (!said.asked.has(id)) flaws.push(`intent ${id} is not asked`);
  for (const name of flow.rejectedFiles) {
    if (!existsSync(join(paths.intentsRejected, name))) flaws.push(`${name} is not among the rejected`);
  }
  return { flaws, progress: `${String(lastSeq)} ${String(deadLetters)}` };
}

/** Also those that the router took in hand and has not dealt with. */
export function waitingIntents(directory: string): string[] {
  const claimed = join(directory, ".claimed");
  return [directory, ...(existsSync(claimed) ? [claimed] : [])]
    .flatMap((path) => readdirSync(path))
    .filter((name) => name.endsWith(".json"));
}

interface Said {
  readonly integrated: ReadonlySet<string>;
  readonly discovered: ReadonlySet<string>;
  readonly asked: ReadonlySet<string>;
}

async function namesSaid({ operator }: Flow): Promise<Said> {
  const said = { integrated: new Set<string>(), discovered: new Set<string>(), asked: new Set<string>() };
  const signals = [CuriosityInvestigate, ModuleIntegrated, ModuleDiscovered].map(({ name }) => name);
  for (let afterSeq: number | null = 0; afterSeq !== null;) {
    const page: Awaited<ReturnType<typeof operator.read>> = await operator.read({
      signals,
      afterSeq,
      limit: 1000,
    });
    for (const { envelope } of page.items) {
      const { facts } = envelope;
      if (envelope.signal === ModuleIntegrated.name) said.integrated.add(String(facts["module_name"]));
      else if (envelope.signal === ModuleDiscovered.name) said.discovered.add(String(facts["module_name"]));
      else said.asked.add(String(facts["question_id"]));
    }
    afterSeq = page.next;
  }
  return said;
}
