/** What is stored before anything is changed, so that a redelivery can finish what a crash interrupted. Pure. */
import type { Verdict } from "./decide.ts";
import type { KeyEdit } from "./env_edit.ts";
import { bytesOf } from "./memory.ts";

/** One change of the environment file, for one winner or for several together. */
export interface Deployment {
  /** Places of its winners in the plan's `judged`. */
  readonly winners: readonly number[];
  readonly target: string;
  /** Null: nothing to back up, the file is new or stays as it is. */
  readonly backup: string | null;
  /** Hex; null: there was no file. */
  readonly sha256Before: string | null;
  readonly sha256After: string;
  readonly edits: readonly KeyEdit[];
  /** Why it is being taken back; null: it is not. */
  readonly undoing: string | null;
}

export interface JudgedWinner {
  readonly experiment: string;
  readonly hash: string;
  readonly verdict: Verdict;
}

/** What came of a winner that was to be deployed. */
export interface Outcome {
  readonly winner: number;
  readonly deployed: boolean;
  readonly reason: string;
  /** Whether a change was made and taken back completely. */
  readonly rolledBack: boolean;
  /** What it set, with this winner's keys only; null when it was not deployed. */
  readonly deployment: Deployment | null;
}

export interface DeployPlan {
  readonly kind: "deploy";
  /** UTC, RFC 3339; the same in every run. */
  readonly at: string;
  readonly judged: readonly JudgedWinner[];
  /** Groups that wait, each to be deployed with one write. */
  readonly steps: readonly (readonly number[])[];
  readonly current: Deployment | null;
  readonly outcomes: readonly Outcome[];
}

/** A person takes a winner back. */
export interface RollbackPlan {
  readonly kind: "rollback";
  readonly at: string;
  readonly deployment: Deployment;
}

/** A plan as it came back with a redelivery; null when there is none. */
export function readPlan(value: unknown): DeployPlan | RollbackPlan | null {
  if (typeof value !== "object" || value === null) return null;
  const { kind } = value as Partial<DeployPlan | RollbackPlan>;
  return kind === "deploy" || kind === "rollback" ? (value as DeployPlan | RollbackPlan) : null;
}

/** Of the 64 KiB that the journal takes; the rest is for what comes of it. */
const PLAN_BYTES_MAX = 48 * 1024;
/** The values before anything is done; the rest is for what the file has instead of them. */
const VALUES_BYTES_MAX = 24 * 1024;

export function isTooLong(plan: DeployPlan): boolean {
  return bytesOf(plan) > PLAN_BYTES_MAX;
}

/**
 * Winners that set different keys are written together: one reload and one validation. One whose key another has already
 * set to the same value comes after it; to another value: it is held, a person has to choose.
 */
export function planDeployment(judged: readonly JudgedWinner[], at: string): DeployPlan {
  const owners = new Map<string, { readonly text: string; readonly experiment: string }>();
  const together: number[] = [];
  const after: number[][] = [];
  let bytes = 0;
  const settled = judged.map((one, index): JudgedWinner => {
    const { verdict } = one;
    // What a held one would set is shown where it is remembered; the plan needs it no more.
    if (verdict.kind !== "deploy") return verdict.kind === "hold" ? held(one, verdict.reason) : one;
    bytes += bytesOf(verdict.values);
    if (bytes > VALUES_BYTES_MAX) return held(one, "too many values for one cycle: waits for approval");
    const taken = verdict.values.filter(({ key }) => owners.has(key));
    const rival = taken.find(({ key, text }) => owners.get(key)?.text !== text);
    if (rival !== undefined) {
      const other = owners.get(rival.key)?.experiment ?? "";
      return held(one, `${other} sets ${rival.key} to another value in the same cycle: waits for approval`);
    }
    for (const { key, text } of verdict.values) owners.set(key, { text, experiment: one.experiment });
    if (taken.length === 0) together.push(index);
    else after.push([index]);
    return one;
  });
  const steps = together.length === 0 ? after : [together, ...after];
  return { kind: "deploy", at, judged: settled, steps, current: null, outcomes: [] };
}

function held(winner: JudgedWinner, reason: string): JudgedWinner {
  return { ...winner, verdict: { kind: "hold", reason } };
}

/** The part of a deployment that is one winner's. */
export function shareOf(deployment: Deployment, winner: number, keys: readonly string[]): Deployment {
  const edits = deployment.edits.filter((edit) => keys.includes(edit.key));
  return { ...deployment, winners: [winner], edits };
}
