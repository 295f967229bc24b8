/** Randomness that can be had again: the same seed, the same choices. */
export interface Choices {
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Whole number, 0 ≤ x < max; 0 when there is nothing to choose from. */
  below(max: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32. */
export function choicesOf(seed: number): Choices {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (max: number): number => Math.floor(random() * max);
  return {
    random,
    below,
    pick: (items) => {
      if (items.length === 0) throw new Error("nothing to pick from");
      return items[below(items.length)] as (typeof items)[number];
    },
  };
}
