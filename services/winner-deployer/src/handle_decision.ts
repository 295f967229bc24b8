/** A person's word about a winner: approve, reject, take back. Each is answered by one Q_WINNER_DECIDED. */
import type { Delivery } from "@kloros/bus-client";
import { crashPoint, messageOf } from "@kloros/daemon";
import { WinnerDecided } from "@kloros/signal-schema";
import type { Envelope, FactsOf, WinnerDecision } from "@kloros/signal-schema";
import { judge } from "./decide.ts";
import { carryOut } from "./deploy.ts";
import {
  isEnd,
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
import { keysThatDiffer } from "./env_edit.ts";
import { EnvFileError, readEnv } from "./env_store.ts";
import { outcomeSignals } from "./handle_cycle.ts";
import type { Handled } from "./handle_cycle.ts";
import { findWinner } from "./memory.ts";
import type { Memory, Remembered } from "./memory.ts";
import { planDeployment, readPlan } from "./plan.ts";
import type { RollbackPlan } from "./plan.ts";
import { settle } from "./settle.ts";
import { takenBack, whyNotLast, whyNotWithdrawn, withdrawn } from "./succession.ts";
import type { Stands } from "./succession.ts";
import { holdsNewValues, takeBack } from "./take_back.ts";
import { winnerId } from "./winner_record.ts";
import { attempting } from "./world_errors.ts";

export type DecisionFacts = FactsOf<typeof WinnerDecision>;

interface Result {
  readonly memory: Memory;
  /** False: refused, or tried and taken back. */
  readonly done: boolean;
  readonly changed?: readonly Remembered[];
  readonly reason: string;
  readonly keys?: readonly string[];
  readonly signals?: readonly Envelope[];
}

export async function handleDecision(deployer: Deployer, delivery: Delivery): Promise<Handled | undefined> {
  const facts = delivery.signal.facts as DecisionFacts;
  const { context } = deployer;
  const memory = await recall(deployer, delivery);
  if (context.mode === "observe") {
    context.log.info({ winner: winnerId(facts), decision: facts.decision }, "would decide (observe mode)");
    return undefined;
  }
  const result = await decided(deployer, delivery, memory, facts);
  await record(deployer, delivery, result.memory, result.changed ?? []);
  const outcome = result.done ? "done" : "refused";
  context.log.info({ winner: winnerId(facts), outcome, reason: result.reason }, `${facts.decision} a winner`);
  context.count("decisions_total", { decision: facts.decision, outcome });
  showStanding(context, result.memory.winners);
  const answer = context.child(delivery, WinnerDecided, {
    decision_id: delivery.signal.id,
    experiment: facts.experiment,
    hash: facts.hash,
    decision: facts.decision,
    outcome,
    reason: result.reason.slice(0, REASON_LENGTH_MAX),
    keys: result.keys ?? [],
  });
  return { emit: [...(result.signals ?? []), answer], state: result.memory };
}

const REASON_LENGTH_MAX = 4000;

async function decided(
  deployer: Deployer,
  delivery: Delivery,
  memory: Memory,
  facts: DecisionFacts,
): Promise<Result> {
  const winner = findWinner(memory, facts);
  if (winner === undefined) return refused(memory, unknownWinner(memory, facts));
  try {
    if (facts.decision === "approve") return await approve(deployer, delivery, memory, winner);
    if (facts.decision === "rollback") return await rollBack(deployer, delivery, memory, winner);
    return reject(deployer, delivery, memory, winner);
  } catch (error) {
    if (!isEnd(deployer, delivery, error)) throw error;
    return refused(memory, messageOf(error));
  }
}

function unknownWinner(memory: Memory, { experiment, hash }: DecisionFacts): string {
  const known = memory.winners.filter((one) => one.experiment === experiment);
  const some = (known.length > 0 ? known : memory.winners)
    .slice(-5)
    .map((one) => `${winnerId(one)} (${one.state})`);
  const there = some.length === 0 ? "no winner is remembered" : `there is ${some.join(", ")}`;
  return `no winner ${experiment}:${hash} is remembered; ${there}`;
}

function refused(memory: Memory, reason: string): Result {
  return { memory, done: false, reason };
}

/** Who and why, in words. */
function said(delivery: Delivery, verb: string): string {
  const { by, reason } = delivery.signal.facts as DecisionFacts;
  const who = by === undefined ? verb : `${verb} by ${by}`;
  return reason === undefined || reason === "" ? who : `${who} (${reason})`;
}

/** Passes over the autonomy level and an earlier rejection; never over guardrails and allow-list. */
async function approve(
  deployer: Deployer,
  delivery: Delivery,
  memory: Memory,
  winner: Remembered,
): Promise<Result> {
  if (winner.state === "deployed") return refused(memory, `it is deployed already, since ${winner.when}`);
  const mappings = await mappingsOf(deployer);
  const mapping = mappings.byExperiment.get(winner.experiment);
  const earlier = readPlan(delivery.plan);
  const { experiment, hash } = winner;
  const situation = {
    winner,
    standing: undefined,
    foreign: false,
    mapping,
    mappingProblem: mappings.problem,
  };
  const verdict = judge({ ...situation, rules: rulesOf(deployer), approved: true });
  if (earlier === null && verdict.kind === "block") {
    return refused(memory, `cannot be approved: ${verdict.reason}`);
  }
  const plan =
    earlier?.kind === "deploy" ? earlier : planDeployment([{ experiment, hash, verdict }], nowIso(deployer));
  const done = await carryOut(workshopOf(deployer, delivery), plan);
  const { rememberMax } = deployer.context.config;
  const approval = said(delivery, "approved");
  const preview = previewOf(deployer, mappings);
  const settlement = settle(memory, [winner], done, {
    runTag: winner.runTag,
    rememberMax,
    approval,
    preview,
  });
  const { deployed, failed } = settlement;
  const cycle = winner.runTag ?? delivery.signal.id;
  const signals = outcomeSignals(deployer, delivery, { cycle, at: done.at, deployed, failed });
  const [one] = deployed;
  if (one === undefined) {
    const reason = failed[0]?.reason ?? "was not deployed";
    return { memory: settlement.memory, done: false, changed: settlement.changed, reason, signals };
  }
  const { changed } = settlement;
  return { memory: settlement.memory, done: true, changed, reason: "deployed", keys: one.keys, signals };
}

function reject(deployer: Deployer, delivery: Delivery, memory: Memory, winner: Remembered): Result {
  if (winner.state === "deployed") return refused(memory, "it is deployed: roll it back instead");
  if (winner.state === "rejected")
    return { memory, done: true, reason: `was rejected before: ${winner.reason}` };
  const objection = whyNotWithdrawn(memory, winner, standsInFile);
  if (objection !== undefined) return refused(memory, objection);
  const reason = said(delivery, "rejected");
  const when = nowIso(deployer);
  const changed: Remembered = { ...winner, state: "rejected", when, reason, deployment: null };
  return {
    memory: withdrawn(memory, changed, deployer.context.config.rememberMax),
    done: true,
    changed: [changed],
    reason,
  };
}

async function rollBack(
  deployer: Deployer,
  delivery: Delivery,
  memory: Memory,
  winner: Remembered,
): Promise<Result> {
  const earlier = readPlan(delivery.plan);
  const plan =
    earlier?.kind === "rollback" ? earlier : await planRollback(deployer, delivery, memory, winner);
  if (typeof plan === "string") return refused(memory, plan);
  const back = await takeBack(workshopOf(deployer, delivery), plan.deployment);
  if (!back.complete) return refused(memory, back.told);
  const reason = `${said(delivery, "taken back")}; ${back.told}`;
  const changed: Remembered = { ...winner, state: "rolled_back", when: plan.at, reason, deployment: null };
  const keys = plan.deployment.edits.map(({ key }) => key);
  const maxWinners = deployer.context.config.rememberMax;
  const after = takenBack(memory, changed, { maxWinners, stands: standsInFile });
  const others = after.winners.filter((one) => one !== changed && !memory.winners.includes(one));
  const again = others.length === 0 ? "" : `; deployed again: ${others.map(winnerId).join(", ")}`;
  return { memory: after, done: true, changed: [changed, ...others], reason: `${reason}${again}`, keys };
}

const standsInFile: Stands = ({ deployment }, edits) =>
  deployment !== null && holdsNewValues({ target: deployment.target, edits });

/** The stored plan, or why it cannot be taken back. */
async function planRollback(
  deployer: Deployer,
  delivery: Delivery,
  memory: Memory,
  winner: Remembered,
): Promise<RollbackPlan | string> {
  const { deployment } = winner;
  const later = deployment === null ? undefined : whyNotLast(memory, winner);
  if (later !== undefined) return later;
  if (winner.state !== "deployed") return `it is not deployed: ${winner.state}, ${winner.reason}`;
  if (deployment === null) return "another tool deployed it: what stood there before is not known";
  const objection = await objectionTo(deployment);
  if (objection !== undefined) return objection;
  const undoing = said(delivery, "taken back");
  const plan: RollbackPlan = {
    kind: "rollback",
    at: nowIso(deployer),
    deployment: { ...deployment, undoing },
  };
  await delivery.savePlan(plan);
  crashPoint("deployer.rolling-back");
  return plan;
}

async function objectionTo({
  target,
  edits,
}: NonNullable<Remembered["deployment"]>): Promise<string | undefined> {
  try {
    const { text } = await attempting(`read ${target}`, () => readEnv(target));
    const keys = keysThatDiffer(text, edits);
    if (keys.length === 0) return undefined;
    return `${keys.join(", ")} in ${target} was set to something else since: set it by hand, or deploy another winner`;
  } catch (error) {
    if (error instanceof EnvFileError) return error.message;
    throw error;
  }
}
