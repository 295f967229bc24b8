/**
 * Proves that D-REAM did exactly what its rules allow: each trigger was answered once, each answer dealt with once, each winner
 * deployed once, each promotion considered before it was acknowledged, and the environment file changed by nothing else.
 * Returns what is wrong; empty: nothing.
 */
import {
  DeploymentComplete,
  DreamComplete,
  DreamTrigger,
  type Envelope,
  type SignalDefinition,
  WinnerDeployed,
} from "@kloros/signal-schema";
import { eachOnce } from "../flow/check_flow.ts";
import { ACK } from "./dream_harness.ts";
import type { DreamLeft } from "./dream_left.ts";
import { ENVIRONMENT_BEFORE, keysSet } from "./experiment.ts";

export interface DreamWanted {
  /** File stems of all promotions that were dropped, and are to be acknowledged in the end. */
  readonly promotions: ReadonlySet<string>;
  /** Those that are to be parked instead. */
  readonly parked?: ReadonlySet<string>;
  /** What the winners that were deployed are to have set, the last one; absent: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Of the rule, ms, where the monitor may be kept from acknowledging for longer: what still waits so long after its success is
   * triggered once more. Absent: never.
   */
  readonly cooldownMs?: number | undefined;
}

/** Allowed among the dead letters: brought back by the operator, content that never was a signal. */
const SETTLED_LETTERS = new Set(["retried", "reported"]);

export function checkDream(left: DreamLeft, wanted: DreamWanted): string[] {
  return [
    ...left.journalFlaws,
    ...left.failedSignals.flaws,
    ...checkAnswers(left),
    ...checkCycles(left, wanted),
    ...checkPromotions(left, wanted),
    ...checkDeployments(left),
    ...checkEnvironment(left, wanted),
    ...checkDeadLetters(left),
  ];
}

/** To each trigger one completion, to each completion one end of its deployment. */
function checkAnswers(left: DreamLeft): string[] {
  const [triggers, completes, ends] = [DreamTrigger, DreamComplete, DeploymentComplete].map((one) =>
    of(left, one),
  ) as [Envelope[], Envelope[], Envelope[]];
  return [
    ...eachOnce("decision to emit", idsOf(triggers), left.fired),
    ...eachOnce("Q_DREAM_COMPLETE caused by", idsOf(triggers), completes.map(causeOf)),
    ...eachOnce("Q_DEPLOYMENT_COMPLETE caused by", idsOf(completes), ends.map(causeOf)),
  ];
}

/** A run is told of once; a promotion has one cycle, and one more for each that failed, or that succeeded a cooldown before. */
function checkCycles(left: DreamLeft, { cooldownMs = Infinity }: DreamWanted): string[] {
  const triggers = of(left, DreamTrigger);
  const ran = of(left, DreamComplete).filter(
    ({ facts }) => facts["run_tag"] !== null && !answeredOnly(facts),
  );
  const tags = ran.map(({ facts }) => String(facts["run_tag"]));
  const failed = ran.filter(({ facts }) => facts["success"] !== true);
  const successes = of(left, DeploymentComplete).filter(({ facts }) => facts["cycle_success"] === true);
  const isLate = (trigger: Envelope, id: string): boolean => {
    const before = successes.filter(
      (one) => promotionsOf(one).includes(id) && timeOf(one) <= timeOf(trigger),
    );
    return before.length > 0 && timeOf(trigger) - Math.max(...before.map(timeOf)) >= cooldownMs;
  };
  const asked = new Set(triggers.flatMap(promotionsOf));
  return [
    ...eachOnce("run", tags, tags),
    ...left.reports
      .filter((tag) => !tags.includes(tag))
      .map((tag) => `run ${tag} came to its end and was run again or forgotten`),
    ...[...asked].flatMap((id) => {
      const mine = triggers.filter((one) => promotionsOf(one).includes(id));
      const late = mine.filter((one) => isLate(one, id));
      const count = mine.length;
      const allowed = 1 + late.length + failed.filter((one) => promotionsOf(one).includes(id)).length;
      return count <= allowed
        ? []
        : [`promotion ${id} was triggered ${String(count)} times, ${String(allowed)} were allowed`];
    }),
  ];
}

function answeredOnly(facts: Envelope["facts"]): boolean {
  return facts["outcome"] === "coalesced" || facts["outcome"] === "refused";
}

/** None waits, none is gone, and none was acknowledged without a cycle that considered it and succeeded. */
function checkPromotions(left: DreamLeft, { promotions, parked = new Set() }: DreamWanted): string[] {
  const acknowledged = [...promotions].filter((stem) => !parked.has(stem));
  const considered = new Set(
    of(left, DeploymentComplete)
      .filter(({ facts }) => facts["cycle_success"] === true)
      .flatMap(promotionsOf)
      .map(stemOf),
  );
  return [
    ...left.waiting.map((name) => `promotion ${name} still waits`),
    ...eachOnce("acknowledged promotion", acknowledged, left.acknowledged.map(stemOf)),
    ...eachOnce(
      "acknowledgement of",
      acknowledged,
      left.acknowledgements.map((name) => name.slice(0, -ACK.length)),
    ),
    ...eachOnce("parked promotion", [...parked], left.parked.map(stemOf)),
    ...acknowledged
      .filter((stem) => !considered.has(stem))
      .map((stem) => `${stem} was acknowledged, and no cycle considered it`),
  ];
}

/** Each winner is deployed once, after it won. */
function checkDeployments(left: DreamLeft): string[] {
  const won = new Set(of(left, DreamComplete).flatMap(winnersOf));
  const deployed = of(left, WinnerDeployed).flatMap(winnersOf);
  const standing = left.winners.filter(({ state }) => state === "deployed" || state === "replaced");
  const known = standing.map(({ experiment, hash }) => `${experiment} ${hash}`);
  const inForce = standing.filter(({ state }) => state === "deployed");
  return [
    ...eachOnce("deployment of", deployed, deployed),
    ...eachOnce("the deployer's record of", deployed, known),
    ...(inForce.length <= 1
      ? []
      : [`${String(inForce.length)} winners count as deployed, which set the same key`]),
    ...deployed.filter((one) => !won.has(one)).map((one) => `${one} was deployed and never won`),
    ...deployed
      .map((one) => one.split(" ")[1] ?? "")
      .filter((hash) => !left.deployedHashes.includes(hash))
      .map((hash) => `the deployer's state lacks ${hash}`),
  ];
}

/** The values are those of the last winner; every other byte is as before. */
function checkEnvironment(left: DreamLeft, { environment = {} }: DreamWanted): string[] {
  const wanted = keysSet(ENVIRONMENT_BEFORE, environment);
  return left.environment === wanted
    ? []
    : [`the environment file is\n${left.environment}--- and should be\n${wanted}`];
}

function checkDeadLetters(left: DreamLeft): string[] {
  return left.deadLetters
    .filter(({ state }) => !SETTLED_LETTERS.has(state))
    .map(({ n, consumer, reason, error }) => `dead letter ${String(n)} of ${consumer}: ${reason}: ${error}`);
}

const of = (left: DreamLeft, definition: SignalDefinition): Envelope[] =>
  left.signals.filter(({ signal }) => signal === definition.name);
const idsOf = (signals: readonly Envelope[]): string[] => signals.map(({ id }) => id);
const timeOf = ({ timestamp }: Envelope): number => Date.parse(timestamp);
const causeOf = ({ cause }: Envelope): string => cause ?? "nothing";
export const promotionsOf = ({ facts }: Envelope): readonly string[] =>
  (facts["promotion_ids"] ?? []) as readonly string[];
/** `name.json` and `name@<hash>` are both the promotion `name`. */
export const stemOf = (name: string): string => name.replace(/\.json$/, "").replace(/@[0-9a-f]+$/, "");
const winnersOf = ({ facts }: Envelope): readonly string[] =>
  ((facts["winners"] ?? []) as readonly { readonly experiment: string; readonly hash: string }[]).map(
    ({ experiment, hash }) => `${experiment} ${hash}`,
  );
