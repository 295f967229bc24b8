import type { ExperimentReport } from "../types.ts";

const REASONS_MAX = 10;
/** Some evaluators put a time or an address into each of them. */
const REASONS_HELD_MAX = 1000;

/** How many candidates were measured, how many failed, and why. */
export class Tally {
  candidates = 0;
  failed = 0;
  readonly #reasons = new Map<string, number>();

  count(error: string | null): void {
    this.candidates += 1;
    if (error === null) return;
    this.failed += 1;
    const isHeld = this.#reasons.has(error) || this.#reasons.size < REASONS_HELD_MAX;
    if (isHeld) this.#reasons.set(error, (this.#reasons.get(error) ?? 0) + 1);
  }

  /** The commonest first; what is rare is counted together. */
  failures(): ExperimentReport["failures"] {
    const named = [...this.#reasons]
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, REASONS_MAX);
    const others = named.reduce((rest, { count }) => rest - count, this.failed);
    return others === 0 ? named : [...named, { reason: "other reasons", count: others }];
  }
}
