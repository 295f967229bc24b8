import { type Choices, choicesOf } from "@kloros/signal-schema/testing";

/** Choices of one purpose: those of another do not shift them. */
export interface Randomness extends Choices {
  /** A stream of its own, by name. */
  fork(name: string): Randomness;
  /** Whole number, `from` ≤ x ≤ `to`. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
}

export function randomnessOf(seed: number): Randomness {
  const choices = choicesOf(seed);
  return {
    ...choices,
    fork: (name) => randomnessOf(Number(Bun.hash(name, BigInt(seed >>> 0)) & 0xffffffffn)),
    between: (from, to) => from + choices.below(to - from + 1),
    chance: (probability) => choices.random() < probability,
  };
}
