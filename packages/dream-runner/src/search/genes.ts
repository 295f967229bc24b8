/** A candidate inside the search: for each parameter the index of its choice. */
import type { SearchParameter } from "../config/dream_config.ts";
import type { Parameters } from "../types.ts";

export type Genes = readonly number[];

export function keyOf(genes: Genes): string {
  return genes.join(",");
}

/** How many candidates there are; Infinity when they cannot be counted exactly. */
export function spaceSize(parameters: readonly SearchParameter[]): number {
  const size = parameters.reduce((product, { choices }) => product * choices.length, 1);
  return Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY;
}

/** The candidate with this number, counted from 0 to below `spaceSize`. */
export function genesAt(parameters: readonly SearchParameter[], number: number): Genes {
  let rest = number;
  return parameters.map(({ choices }) => {
    const gene = rest % choices.length;
    rest = Math.floor(rest / choices.length);
    return gene;
  });
}

export function parametersOf(parameters: readonly SearchParameter[], genes: Genes): Parameters {
  return Object.fromEntries(
    parameters.map(({ name, choices }, index) => [name, choices[genes[index] ?? 0]?.value ?? null]),
  );
}

/** The same as JSON, numbers as the configuration writes them. */
export function parametersText(parameters: readonly SearchParameter[], genes: Genes): string {
  const entries = parameters.map(
    ({ name, choices }, index) => `${JSON.stringify(name)}: ${choices[genes[index] ?? 0]?.text ?? "null"}`,
  );
  return `{${entries.join(", ")}}`;
}

/** Where given parameters lie in the space; undefined when they do not. */
export function genesFor(parameters: readonly SearchParameter[], given: Parameters): Genes | undefined {
  if (Object.keys(given).length !== parameters.length) return undefined;
  const genes = parameters.map(({ name, choices }) => {
    const wanted = Object.hasOwn(given, name) ? JSON.stringify(given[name]) : undefined;
    return choices.findIndex(({ value }) => JSON.stringify(value) === wanted);
  });
  return genes.includes(-1) ? undefined : genes;
}
