/**
 * Several rounds, in each of which every subject is measured once: what else the machine does meanwhile meets them alike.
 */
import type { Figure, Unit } from "../bench.ts";

export interface Quantity {
  readonly what: string;
  readonly unit: Unit;
  readonly value: number;
}

export interface Measured {
  readonly name: string;
  /** One measurement from start to end, its processes included. */
  readonly measure: () => Promise<readonly Quantity[]>;
}

export async function measureRounds(
  subjects: readonly Measured[],
  rounds: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  const figures = new Map<string, Figure & { readonly values: number[] }>();
  for (let round = 1; round <= rounds; round++) {
    for (const { name: subject, measure } of subjects) {
      say(`round ${String(round)} of ${String(rounds)}: ${subject}`);
      for (const { what, unit, value } of await measure()) {
        const key = `${subject}\n${what}`;
        const figure = figures.get(key) ?? { subject, what, unit, values: [] };
        figure.values.push(value);
        figures.set(key, figure);
      }
    }
  }
  return [...figures.values()].toSorted((a, b) => a.what.localeCompare(b.what));
}
