/**
 * What the service remembers of winners: the consumer's state, committed with each acknowledgement. What was deployed, held
 * or rejected is decided from it alone; files are views of it. Bounded: the oldest are forgotten first; winners that lead
 * nowhere take half the room at most from a person's words and the ways back. Pure.
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
  /** How to take it back; null unless this service deployed it. Stays with what was replaced, whatever becomes of it then. */
  readonly deployment: Deployment | null;
}

export interface Memory {
  readonly schema: 1;
  /** In the order of their last change; what has a deployment, in the order of the deployments. */
  readonly winners: readonly Remembered[];
  /** Deployed by another tool, as its state file told; the newest last. */
  readonly foreignHashes: readonly string[];
}

/** The bus takes a state of 1 MiB; reasons may grow a little where nothing is added. */
const FOREIGN_BYTES_MAX = 256 * 1024;
const WINNERS_BYTES_MAX = 512 * 1024;

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
  const winners = [...memory.winners.filter((one) => winnerId(one) !== id), entry];
  return { ...memory, winners: bounded(winners, maxWinners) };
}

/** What is remembered of a deployment's winner changes, and its place among the deployments does not. */
export function amend(memory: Memory, entry: Remembered): Memory {
  const id = winnerId(entry);
  return { ...memory, winners: memory.winners.map((one) => (winnerId(one) === id ? entry : one)) };
}

function bounded(winners: readonly Remembered[], maxWinners: number): readonly Remembered[] {
  let kept = winners.map((one) => ({ one, isLoose: !isListed(one), bytes: bytesOf(one) }));
  for (;;) {
    const loose = kept.filter(({ isLoose }) => isLoose);
    const bytes = sumOf(kept);
    if (kept.length <= maxWinners && bytes <= WINNERS_BYTES_MAX) return kept.map(({ one }) => one);
    const isFlood = loose.length > kept.length / 2 || sumOf(loose) > bytes / 2;
    const oldest = kept.slice(0, -1).find(({ isLoose }) => isLoose === isFlood) ?? kept[0];
    kept = kept.filter((one) => one !== oldest);
  }
}

function sumOf(entries: readonly { readonly bytes: number }[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** As the bus counts. */
export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Hashes of an existing state file that are not this service's own. */
export function adoptForeign(memory: Memory, hashes: readonly string[]): Memory {
  const own = new Set(memory.winners.filter(isListed).map((one) => one.hash));
  const known = new Set(memory.foreignHashes);
  const news = hashes.filter((hash) => !own.has(hash) && !known.has(hash));
  if (news.length === 0) return memory;
  const foreignHashes = [...memory.foreignHashes, ...new Set(news)];
  let bytes = 0;
  const tooOld = foreignHashes.findLastIndex((hash) => (bytes += bytesOf(hash) + 1) > FOREIGN_BYTES_MAX);
  return { ...memory, foreignHashes: foreignHashes.slice(tooOld + 1) };
}

/** What stands in `deployed_hashes`: another tool's and our own, each once. */
export function deployedHashes(memory: Memory): readonly string[] {
  const own = memory.winners.filter(isListed).map((one) => one.hash);
  return [...new Set([...memory.foreignHashes, ...own])];
}

/**
 * To another tool a listed hash means: not to be deployed. So also what was replaced, taken back or rejected stands there;
 * without that such a tool would overwrite the values of a later winner, or set aside a person's word.
 */
function isListed({ state, deployment }: Remembered): boolean {
  return deployment !== null || state === "deployed" || state === "rolled_back" || state === "rejected";
}

export function keysOf({ edits }: Deployment): readonly KeyChange[] {
  return edits.map((edit) => ({ key: edit.key, old: edit.old, new: edit.new }));
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
