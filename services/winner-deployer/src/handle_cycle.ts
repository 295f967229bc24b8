/** A cycle's completion: its winners are judged, deployed, recorded, and the cycle is answered. */
import type { Delivery } from "@kloros/bus-client";
import { DeploymentComplete, DeploymentFailed, WinnerDeployed } from "@kloros/signal-schema";
import type { DreamComplete, Envelope, FactsOf } from "@kloros/signal-schema";
import { judge } from "./decide.ts";
import type { Candidate } from "./decide.ts";
import { carryOut } from "./deploy.ts";
import {
  mappingsOf,
  nowIso,
  previewOf,
  recall,
  record,
  rulesOf,
  showStanding,
  workshopOf,
} from "./deployer.ts";
import type { Deployer } from "./deployer.ts";
import type { Mappings } from "./dream_mapping.ts";
import { findWinner } from "./memory.ts";
import type { Memory } from "./memory.ts";
import { planDeployment, readPlan } from "./plan.ts";
import type { DeployPlan, JudgedWinner } from "./plan.ts";
import { settle } from "./settle.ts";
import type { Settlement, Told } from "./settle.ts";
import { winnerId } from "./winner_record.ts";

export type CycleFacts = FactsOf<typeof DreamComplete>;
export interface Handled {
  readonly emit?: readonly Envelope[];
  readonly state?: unknown;
}

/** One plan has room for them; a cycle has a winner an experiment. */
const WINNERS_MAX = 32;

export async function handleCycle(deployer: Deployer, delivery: Delivery): Promise<Handled | undefined> {
  const facts = delivery.signal.facts as CycleFacts;
  const all: readonly Candidate[] = facts.success ? (facts.winners ?? []) : [];
  const candidates = all.slice(0, WINNERS_MAX);
  const memory = await recall(deployer, delivery);
  const mappings = candidates.length === 0 ? NO_MAPPINGS : await mappingsOf(deployer);
  const earlier = readPlan(delivery.plan);
  const plan =
    earlier?.kind === "deploy"
      ? earlier
      : planDeployment(judgeAll(deployer, memory, candidates, mappings), nowIso(deployer));
  if (deployer.context.mode === "observe") return observe(deployer, plan);
  const done = await carryOut(workshopOf(deployer, delivery), plan);
  const settlement = settle(memory, candidates, done, {
    runTag: facts.run_tag,
    rememberMax: deployer.context.config.rememberMax,
    preview: previewOf(deployer, mappings),
  });
  if (candidates.length > 0) await record(deployer, delivery, settlement.memory, settlement.changed);
  tellLog(deployer, settlement);
  showStanding(deployer.context, settlement.memory.winners);
  const emit = answers(deployer, delivery, {
    facts,
    plan: done,
    settlement,
    beyond: all.length - candidates.length,
  });
  return { emit, state: settlement.memory };
}

const NO_MAPPINGS: Mappings = { byExperiment: new Map(), problem: undefined };

function judgeAll(
  deployer: Deployer,
  memory: Memory,
  candidates: readonly Candidate[],
  mappings: Mappings,
): readonly JudgedWinner[] {
  const seen = new Set<string>();
  const rules = rulesOf(deployer);
  return candidates.map((winner): JudgedWinner => {
    const { experiment, hash } = winner;
    const id = winnerId(winner);
    if (seen.has(id))
      return { experiment, hash, verdict: { kind: "skip", reason: "named twice in this cycle" } };
    seen.add(id);
    const verdict = judge({
      winner,
      standing: findWinner(memory, winner),
      foreign: memory.foreignHashes.includes(hash),
      mapping: mappings.byExperiment.get(experiment),
      mappingProblem: mappings.problem,
      rules,
    });
    return { experiment, hash, verdict };
  });
}

/** Says what would be done and emits nothing: nothing of it is true. */
function observe({ context }: Deployer, plan: DeployPlan): undefined {
  for (const { experiment, hash, verdict } of plan.judged) {
    const winner = winnerId({ experiment, hash });
    if (verdict.kind === "deploy") {
      const keys = verdict.values.map(({ key }) => key);
      context.log.info({ winner, keys }, "would deploy a winner (observe mode)");
    } else
      context.log.info({ winner, reason: verdict.reason }, `would ${verdict.kind} a winner (observe mode)`);
  }
}

function tellLog({ context }: Deployer, { deployed, failed, held, skipped }: Settlement): void {
  const say = (level: "info" | "warn", outcome: string, winners: readonly Told[]): void => {
    for (const one of winners) {
      const { reason, keys } = one;
      context.log[level]({ winner: winnerId(one), keys, reason }, `winner ${outcome}`);
      context.count("winners_handled_total", { outcome });
    }
  };
  say("info", "deployed", deployed);
  say("warn", "held for approval", held);
  say("warn", "not deployed", failed);
  say("info", "skipped", skipped);
}

interface Answer {
  readonly facts: CycleFacts;
  readonly plan: DeployPlan;
  readonly settlement: Settlement;
  /** Winners that one cycle is too small for. */
  readonly beyond: number;
}

function answers(deployer: Deployer, delivery: Delivery, answer: Answer): readonly Envelope[] {
  const { facts, plan, settlement, beyond } = answer;
  const { child } = deployer.context;
  const { deployed, failed, held, skipped } = settlement;
  const cycle = facts.run_tag ?? delivery.signal.id;
  return [
    ...outcomeSignals(deployer, delivery, { cycle, at: plan.at, deployed, failed, beyond }),
    child(delivery, DeploymentComplete, {
      run_tag: facts.run_tag,
      deployed: deployed.length,
      held: held.length,
      skipped: skipped.length,
      failed: failed.length + beyond,
      promotion_ids: facts.promotion_ids ?? [],
      cycle_success: facts.success,
    }),
  ];
}

export interface Outcomes {
  readonly cycle: string;
  readonly at: string;
  readonly deployed: readonly Told[];
  readonly failed: readonly Told[];
  readonly beyond?: number;
}

/** Only when there is something to tell. */
export function outcomeSignals(
  deployer: Deployer,
  delivery: Delivery,
  outcomes: Outcomes,
): readonly Envelope[] {
  const { cycle, at, deployed, failed, beyond = 0 } = outcomes;
  const { child } = deployer.context;
  const signals: Envelope[] = [];
  if (deployed.length > 0) {
    const winners = deployed.map(({ experiment, hash, keys }) => ({ experiment, hash, keys }));
    const facts = { dream_cycle_id: cycle, winners_deployed: deployed.length, deployed_at: at, winners };
    signals.push(child(delivery, WinnerDeployed, facts));
  }
  if (failed.length + beyond > 0) {
    const error = failed[0]?.reason ?? `more than ${WINNERS_MAX} winners in one cycle`;
    signals.push(
      child(delivery, DeploymentFailed, {
        dream_cycle_id: cycle,
        failures: failed.length + beyond,
        failed_at: at,
        error,
        winners: failed.map((one) => ({
          experiment: one.experiment,
          hash: one.hash,
          reason: one.reason,
          rolled_back: one.rolledBack,
        })),
      }),
    );
  }
  return signals;
}
