/** How the power fails, by a seed: at which record, and what of the unsynced is left. */
import { type Choices, choicesOf } from "@kloros/signal-schema/testing";
import type { Fate, Loss } from "./disk.ts";
import type { DiskRecord } from "./recording.ts";

const SECTORS = [512, 4096] as const;

/** Each file by a habit of its own: one may have reached the disk whole while another did not at all. */
const HABITS: readonly ((n: number, of: number, choices: Choices) => Fate)[] = [
  () => false,
  () => true,
  (_n, _of, choices) => choices.random() < 0.5,
  (_n, _of, choices) => choices.random() < 0.9,
  (_n, _of, choices) => choices.random() < 0.1,
  (_n, _of, choices) => choices.pick(SECTORS),
  (_n, _of, choices) => choices.pick([true, false, ...SECTORS]),
  // Only what came last; all but that; all in order, the last one torn.
  (n, of) => n === of - 1,
  (n, of) => n < of - 1,
  (n, of, choices) => n < of - 1 || choices.pick(SECTORS),
];

export function lossOf(choices: Choices): Loss {
  return {
    choices,
    fates: (changes) => {
      const habit = choices.pick(HABITS);
      return Array.from({ length: changes }, (_, n) => habit(n, changes, choices));
    },
    names: (changes) => {
      const until = choices.below(changes + 1);
      const anyOrder = choices.random() < 0.3;
      return Array.from({ length: changes }, (_, n) => (anyOrder ? choices.random() < 0.5 : n < until));
    },
  };
}

export interface Cut {
  readonly seed: number;
  /** So many records happened. */
  readonly at: number;
}

/** In the order of time. Half of them anywhere, half beside what matters: syncs, names, what was acknowledged. */
export function cutsOf(records: readonly DiskRecord[], count: number, seed: number): Cut[] {
  const choices = choicesOf(seed);
  const edges = records.flatMap(({ kind }, n) => (kind === "write" || kind === "truncate" ? [] : [n, n + 1]));
  return Array.from({ length: count }, (_, n) => ({
    seed: seed + n,
    at: choices.random() < 0.5 && edges.length > 0 ? choices.pick(edges) : choices.below(records.length + 1),
  })).toSorted((a, b) => a.at - b.at);
}
