import { type Choices, choicesOf } from "@kloros/signal-schema/testing";

/** Choices that know their seed, so that a failure can name it. */
export interface Seed extends Choices {
  readonly seed: number;
}

export function seeded(seed: number): Seed {
  return { seed, ...choicesOf(seed) };
}
