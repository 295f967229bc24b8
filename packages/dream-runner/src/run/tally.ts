import type { ExperimentReport } from "../types.ts";

const REASONS_MAX = 10;

/** How many candidates were measured, how many failed, and why. */
export class Tally {
  candidates = 0;
  failed = 0;
  readonly #reasons = new Map<string, number>();

  count(error: string | null): void {
    this.candidates += 1;
    if (error === null) return;
    this.failed += 1;
    this.#reasons.set(error, (this.#reasons.get(error) ?? 0) + 1);
  }

  /** The commonest first; what is rare is counted together. */
  failures(): ExperimentReport["failures"] {
    const all = [...this.#reasons]
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count);
    const rest = all.slice(REASONS_MAX);
    if (rest.length === 0) return all;
    const others = rest.reduce((sum, { count }) => sum + count, 0);
    return [...all.slice(0, REASONS_MAX), { reason: `${String(rest.length)} other reasons`, count: others }];
  }
}
