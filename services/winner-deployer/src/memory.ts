/**
 * What the service remembers of winners: the consumer's state, committed with each acknowledgement. What was deployed, held
 * or rejected is decided from it alone; files are views of it. Bounded: the oldest are forgotten first. Pure.
 */
import type { Candidate } from "./decide.ts";
import type { Deployment } from "./plan.ts";
import type { KeyChange, WinnerRecord, WinnerStanding } from "./winner_record.ts";
import { winnerId } from "./winner_record.ts";

export interface Remembered {
  readonly experiment: string;
  readonly hash: string;
  readonly state: WinnerStanding;
  readonly when: string;
  readonly runTag: string | null;
  readonly fitness: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>> | null;
  /** What it set, or would set. */
  readonly keys: readonly KeyChange[];
  readonly reason: string;
  /** How to take it back; null unless this service deployed it. */
  readonly deployment: Deployment | null;
}

export interface Memory {
  readonly schema: 1;
  /** In the order of their last change. */
  readonly winners: readonly Remembered[];
  /** Deployed by another tool, as its state file told; the newest last. */
  readonly foreignHashes: readonly string[];
}

const FOREIGN_MAX = 10_000;
/** The bus takes a state of 1 MiB. */
const WINNERS_LENGTH_MAX = 512 * 1024;

export function readMemory(state: unknown): Memory {
  const value = state as Partial<Memory> | null;
  if (value?.schema !== 1 || !Array.isArray(value.winners))
    return { schema: 1, winners: [], foreignHashes: [] };
  return value as Memory;
}

export function findWinner(
  memory: Memory,
  winner: { readonly experiment: string; readonly hash: string },
): Remembered | undefined {
  return memory.winners.find((one) => one.experiment === winner.experiment && one.hash === winner.hash);
}

/** Takes the place of what was remembered of the same winner, as the newest. */
export function remember(memory: Memory, entry: Remembered, maxWinners: number): Memory {
  const id = winnerId(entry);
  const winners = [...memory.winners.filter((one) => winnerId(one) !== id), entry].slice(-maxWinners);
  return { ...memory, winners: newest(winners) };
}

function newest(winners: readonly Remembered[]): readonly Remembered[] {
  let length = 0;
  const first = winners.findLastIndex((one) => {
    length += JSON.stringify(one).length;
    return length > WINNERS_LENGTH_MAX;
  });
  return winners.slice(first + 1);
}

/** Hashes of an existing state file that are not this service's own. */
export function adoptForeign(memory: Memory, hashes: readonly string[]): Memory {
  const isOurs = (one: Remembered): boolean => one.deployment !== null || one.state === "rolled_back";
  const own = new Set(memory.winners.filter(isOurs).map((one) => one.hash));
  const known = new Set(memory.foreignHashes);
  const news = hashes.filter((hash) => !own.has(hash) && !known.has(hash));
  if (news.length === 0) return memory;
  return { ...memory, foreignHashes: [...memory.foreignHashes, ...new Set(news)].slice(-FOREIGN_MAX) };
}

/** What stands in `deployed_hashes`: another tool's and our own, each once. */
export function deployedHashes(memory: Memory): readonly string[] {
  const own = memory.winners.filter((one) => one.state === "deployed").map((one) => one.hash);
  return [...new Set([...memory.foreignHashes, ...own])];
}

const CONTENT_LENGTH_MAX = 16_384;

/** The part of a winner that is remembered; one that is too large to be usable keeps its name only. */
export function contentOf(winner: Candidate): Pick<Remembered, "fitness" | "params" | "metrics"> {
  const { fitness, params, metrics = null } = winner;
  const isLarge = JSON.stringify([params, metrics]).length > CONTENT_LENGTH_MAX;
  return isLarge ? { fitness, params: {}, metrics: null } : { fitness, params, metrics };
}

/** `hide` replaces values that must not be seen. */
export function recordOf(entry: Remembered, hide: (key: string, value: string) => string): WinnerRecord {
  const { experiment, hash, state, when, runTag, fitness, params, metrics, reason } = entry;
  const keys = entry.keys.map((one) => ({
    key: one.key,
    old: one.old === null ? null : hide(one.key, one.old),
    new: hide(one.key, one.new),
  }));
  const id = winnerId(entry);
  return { id, experiment, hash, state, when, run_tag: runTag, fitness, params, metrics, keys, reason };
}
