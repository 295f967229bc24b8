/** What is remembered, and told, once a plan was carried out. Pure. */
import type { Candidate } from "./decide.ts";
import { amend, contentOf, findWinner, keysOf, remember } from "./memory.ts";
import type { Memory, Remembered } from "./memory.ts";
import type { DeployPlan, JudgedWinner, Outcome } from "./plan.ts";
import { deployedNow } from "./succession.ts";
import type { KeyChange } from "./winner_record.ts";

export interface Told {
  readonly experiment: string;
  readonly hash: string;
  readonly reason: string;
  readonly rolledBack: boolean;
  readonly keys: readonly string[];
}

export interface Settlement {
  readonly memory: Memory;
  /** Winners whose record is new or changed. */
  readonly changed: readonly Remembered[];
  readonly deployed: readonly Told[];
  readonly failed: readonly Told[];
  readonly held: readonly Told[];
  readonly skipped: readonly Told[];
}

export interface SettleOptions {
  readonly runTag: string | null;
  readonly rememberMax: number;
  /** Put before the reason of what was deployed. */
  readonly approval?: string;
  /** What a held winner would set, as far as it can be said. */
  preview(winner: Candidate): readonly KeyChange[];
}

/** `candidates` and the plan's `judged` are in the same order. */
export function settle(
  before: Memory,
  candidates: readonly Candidate[],
  plan: DeployPlan,
  options: SettleOptions,
): Settlement {
  let memory = before;
  const told = { deployed: [] as Told[], failed: [] as Told[], held: [] as Told[], skipped: [] as Told[] };
  plan.judged.forEach((judged, index) => {
    const candidate = candidates[index];
    if (candidate === undefined) return;
    const outcome = plan.outcomes.find((one) => one.winner === index);
    told[groupOf(judged, outcome)].push(tell(judged, outcome));
    const entry = entryFor(memory, candidate, judged, outcome, plan, options);
    if (entry === undefined) return;
    memory = remembering(memory, entry, options.rememberMax);
  });
  const changed = memory.winners.filter((one) => !before.winners.includes(one));
  return { memory, changed, ...told };
}

function remembering(memory: Memory, entry: Remembered, maxWinners: number): Memory {
  if (entry.deployment === null) return remember(memory, entry, maxWinners);
  return entry.state === "deployed" ? deployedNow(memory, entry, maxWinners) : amend(memory, entry);
}

function groupOf(
  { verdict }: JudgedWinner,
  outcome: Outcome | undefined,
): "deployed" | "failed" | "held" | "skipped" {
  if (verdict.kind === "skip") return "skipped";
  if (verdict.kind === "hold") return "held";
  return outcome?.deployed === true ? "deployed" : "failed";
}

function tell({ experiment, hash, verdict }: JudgedWinner, outcome: Outcome | undefined): Told {
  return {
    experiment,
    hash,
    reason: reasonOf(verdict, outcome),
    rolledBack: outcome?.rolledBack ?? false,
    keys: verdict.kind === "deploy" ? verdict.values.map(({ key }) => key) : [],
  };
}

function reasonOf(verdict: JudgedWinner["verdict"], outcome: Outcome | undefined): string {
  return verdict.kind === "deploy" ? (outcome?.reason ?? "not carried out") : verdict.reason;
}

/** Undefined: what is remembered stays as it is. */
function entryFor(
  memory: Memory,
  candidate: Candidate,
  judged: JudgedWinner,
  outcome: Outcome | undefined,
  plan: DeployPlan,
  options: SettleOptions,
): Remembered | undefined {
  const earlier = findWinner(memory, candidate);
  const state = stateOf(judged, outcome);
  if (judged.verdict.kind === "skip" && earlier !== undefined) return undefined;
  // What a person or a deployment settled is not unsettled by the same winner coming again without being usable.
  const isSettled = earlier !== undefined && ["deployed", "rejected", "rolled_back"].includes(earlier.state);
  if (isSettled && judged.verdict.kind !== "deploy") return undefined;
  // An approval that failed leaves a person's earlier word standing.
  if (isSettled && state === "failed") return undefined;
  const deployment = outcome?.deployment ?? null;
  const deployed = deployment === null ? [] : keysOf(deployment);
  const { experiment, hash } = candidate;
  const why = reasonOf(judged.verdict, outcome);
  return {
    experiment,
    hash,
    state,
    when: earlier?.state === state ? earlier.when : plan.at,
    runTag: options.runTag,
    ...contentOf(candidate),
    keys: state === "held" ? options.preview(candidate) : deployed,
    reason: outcome?.deployed === true ? deployedReason(options.approval) : why,
    // What was replaced still leads back to what was there before it.
    deployment: deployment ?? earlier?.deployment ?? null,
  };
}

function stateOf({ verdict }: JudgedWinner, outcome: Outcome | undefined): Remembered["state"] {
  if (verdict.kind === "skip") return "deployed";
  if (verdict.kind === "hold") return "held";
  if (verdict.kind === "block") return "blocked";
  return outcome?.deployed === true ? "deployed" : "failed";
}

function deployedReason(approval: string | undefined): string {
  const done = "written, read back and validated";
  return approval === undefined ? done : `${approval}: ${done}`;
}
