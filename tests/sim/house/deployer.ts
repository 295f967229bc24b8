/** winner-deployer: which winner is deployed, and what is remembered of it, are the service's own; the file of settings is the simulation's. */
import type { Delivery } from "@kloros/bus-client";
import {
  type Candidate,
  DEFAULT_ALLOWED,
  DEFAULT_GUARDRAILS,
  type Deployment,
  type DeployPlan,
  findWinner,
  judge,
  type Memory,
  planDeployment,
  readMemory,
  readPlan,
  settle,
  shareOf,
} from "@kloros/winner-deployer/testing";
import { DeploymentComplete, DreamComplete, type FactsOf, WinnerDeployed } from "@kloros/signal-schema";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { child, consuming, type HouseContext, readJson } from "./consuming.ts";

export const SETTINGS = "env";
const NAME = "winner-deployer";
const RULES = {
  guardrails: DEFAULT_GUARDRAILS,
  allow: DEFAULT_ALLOWED,
  autonomyLevel: 2,
  neededAutonomyLevel: 2,
};
const REMEMBER_MAX = 500;

export type Settings = Readonly<Record<string, string>>;

export function deployer(context: HouseContext): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const settings = { name: NAME, signals: [DreamComplete.name], stateKey: "", attemptsMax: 20 };
    await consuming(process, bus, context, settings, async (delivery) => {
      const facts = delivery.signal.facts as FactsOf<typeof DreamComplete>;
      const candidates: readonly Candidate[] = facts.success ? (facts.winners ?? []) : [];
      const memory = readMemory(delivery.state);
      const earlier = readPlan(delivery.plan);
      const plan = earlier?.kind === "deploy" ? earlier : planFor(process, candidates, memory);
      const unlock = await process.disk.lock(SETTINGS);
      try {
        const done = await carryOut(process, delivery, plan);
        const settlement = settle(memory, candidates, done, {
          runTag: facts.run_tag,
          rememberMax: REMEMBER_MAX,
          preview: () => [],
        });
        context.count(settlement.deployed.length > 0 ? "deployer.deployed" : "deployer.nothing");
        return { emit: answers(process, delivery, facts, done, settlement), state: settlement.memory };
      } finally {
        unlock();
      }
    });
  };
}

function planFor(process: SimulatedProcess, candidates: readonly Candidate[], memory: Memory): DeployPlan {
  const judged = candidates.map((winner) => {
    const { experiment, hash } = winner;
    const standing = findWinner(memory, winner);
    const situation = { winner, standing, foreign: false, mapping: undefined, rules: RULES };
    return { experiment, hash, verdict: judge(situation) };
  });
  return planDeployment(judged, new Date(process.wallMs()).toISOString());
}

/** One step after the other: the change is in the plan before it is in the file. */
async function carryOut(
  process: SimulatedProcess,
  delivery: Delivery,
  begun: DeployPlan,
): Promise<DeployPlan> {
  if (begun.steps.length === 0) return begun;
  const current = begun.current ?? (await changeOf(process, begun));
  const plan = { ...begun, current };
  await delivery.savePlan(plan);
  delivery.abort.throwIfAborted();
  const before = await readJson<Settings>(process, SETTINGS, {});
  const added = Object.fromEntries(current.edits.map((edit) => [edit.key, edit.new]));
  await process.disk.writeAtomic(SETTINGS, JSON.stringify({ ...before, ...added }));
  return carryOut(process, delivery, deployed(plan, current));
}

async function changeOf(process: SimulatedProcess, { judged, steps }: DeployPlan): Promise<Deployment> {
  const winners = steps[0] ?? [];
  const before = await readJson<Settings>(process, SETTINGS, {});
  const edits = winners.flatMap((index) =>
    valuesOf(judged[index]).map(({ key, text }) => {
      const old = before[key] ?? null;
      return { key, old, new: text, oldRaw: old, newRaw: text };
    }),
  );
  return {
    winners,
    target: SETTINGS,
    backup: null,
    sha256Before: null,
    sha256After: "",
    edits,
    undoing: null,
  };
}

const valuesOf = (judged: DeployPlan["judged"][number] | undefined) =>
  judged?.verdict.kind === "deploy" ? judged.verdict.values : [];

function deployed(plan: DeployPlan, current: Deployment): DeployPlan {
  const outcomes = current.winners.map((winner) => {
    const keys = valuesOf(plan.judged[winner]).map(({ key }) => key);
    const deployment = shareOf(current, winner, keys);
    return { winner, deployed: true, reason: "", rolledBack: false, deployment };
  });
  return { ...plan, steps: plan.steps.slice(1), current: null, outcomes: [...plan.outcomes, ...outcomes] };
}

function answers(
  process: SimulatedProcess,
  delivery: Delivery,
  facts: FactsOf<typeof DreamComplete>,
  plan: DeployPlan,
  settlement: ReturnType<typeof settle>,
) {
  const { deployed: done, held, skipped, failed } = settlement;
  const winners = done.map(({ experiment, hash, keys }) => ({ experiment, hash, keys }));
  const told = {
    dream_cycle_id: facts.run_tag ?? delivery.signal.id,
    winners_deployed: done.length,
    deployed_at: plan.at,
    winners,
  };
  const complete = {
    run_tag: facts.run_tag,
    deployed: done.length,
    held: held.length,
    skipped: skipped.length,
    failed: failed.length,
    promotion_ids: facts.promotion_ids ?? [],
    cycle_success: facts.success,
  };
  return [
    ...(done.length > 0 ? [child(process, delivery, WinnerDeployed, told)] : []),
    child(process, delivery, DeploymentComplete, complete),
  ];
}
