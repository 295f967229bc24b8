import { type Choices, choicesOf } from "@kloros/signal-schema/testing";

/** For tests: many random cases from one seed, which a failure names and `KLOROS_TEST_SEED` gives back. */
export class Dice {
  readonly #choices: Choices;

  constructor(seed: number) {
    this.#choices = choicesOf(seed);
  }

  /** 0 ≤ x < 1. */
  next(): number {
    return this.#choices.random();
  }

  /** A whole number, both ends included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)] as T;
  }

  /** Up to `max` of what `make` makes. */
  list<T>(max: number, make: () => T): readonly T[] {
    return Array.from({ length: this.whole(0, max) }, make);
  }
}

export async function forRandomCases(
  count: number,
  run: (dice: Dice) => void | Promise<void>,
): Promise<void> {
  const given = Number(process.env["KLOROS_TEST_SEED"]);
  const first = given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
  const seeds = given > 0 ? [given] : Array.from({ length: count }, (_, index) => first + index);
  for (const seed of seeds) {
    try {
      await run(new Dice(seed));
    } catch (error) {
      throw new Error(`with KLOROS_TEST_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
}
