/** How a child comes from its parents. */
import type { SearchParameter } from "../config/dream_config.ts";
import type { Genes } from "./genes.ts";
import type { SeededRandom } from "./random.ts";

export interface Parents {
  readonly mother: Genes;
  /** Three others of the survivors; with few survivors the same again. */
  readonly others: readonly [Genes, Genes, Genes];
}

/** Shares of children that come from one parent alone, from two, and along the way between two others. */
const ALONE_SHARE = 0.5;
const CROSSED_SHARE = 0.25;
/** Of those from one parent: how many differ in one gene only. */
const SINGLE_GENE_SHARE = 0.7;

export function breed(parameters: readonly SearchParameter[], parents: Parents, random: SeededRandom): Genes {
  const { mother, others } = parents;
  const kind = random.fraction();
  if (kind < ALONE_SHARE) return mutate(parameters, mother, random);
  if (kind < ALONE_SHARE + CROSSED_SHARE) {
    const child = cross(mother, others[0], random);
    return random.chance(0.5) ? mutate(parameters, child, random) : child;
  }
  return follow(parameters, parents, random);
}

/** Each gene from one parent or the other. */
function cross(mother: Genes, father: Genes, random: SeededRandom): Genes {
  return mother.map((gene, index) => (random.chance(0.5) ? gene : (father[index] ?? gene)));
}

/**
 * The way that leads from one survivor to another, gone from the mother (differential evolution): long while the
 * survivors are far apart, short when they are close, and along the valleys in which they lie.
 */
function follow(
  parameters: readonly SearchParameter[],
  { mother, others }: Parents,
  random: SeededRandom,
): Genes {
  const [from, to, other] = others;
  const factor = 0.3 + random.fraction();
  return mother.map((gene, index) => {
    const parameter = parameters[index];
    if (parameter === undefined) return gene;
    if (!parameter.isOrdered) return random.chance(0.5) ? gene : (other[index] ?? gene);
    return reflect(gene + Math.round(factor * ((to[index] ?? 0) - (from[index] ?? 0))), parameter);
  });
}

/** Changes one gene at least. */
function mutate(parameters: readonly SearchParameter[], genes: Genes, random: SeededRandom): Genes {
  const always = random.below(genes.length);
  const isSingle = random.chance(SINGLE_GENE_SHARE);
  return genes.map((gene, index) => {
    const parameter = parameters[index];
    const isDue = index === always || (!isSingle && random.chance(0.5));
    return parameter === undefined || !isDue ? gene : mutateGene(parameter, gene, random);
  });
}

/**
 * Ordered choices: a step whose length is drawn evenly over the orders of magnitude, so that neighbours and far
 * places are both reached, whatever the scale on which the parameter matters. Others: any other choice.
 */
function mutateGene(parameter: SearchParameter, gene: number, random: SeededRandom): number {
  const last = parameter.choices.length - 1;
  if (last === 0) return gene;
  if (!parameter.isOrdered) return (gene + 1 + random.below(last)) % parameter.choices.length;
  const length = Math.max(1, Math.floor(Math.exp(random.fraction() * Math.log(1 + last / 2))));
  return reflect(random.chance(0.5) ? gene + length : gene - length, parameter);
}

/** Beyond an end it comes back; a step longer than the range ends at the other end. */
function reflect(gene: number, { choices }: SearchParameter): number {
  const last = choices.length - 1;
  const inside = gene < 0 ? -gene : gene > last ? 2 * last - gene : gene;
  return Math.min(last, Math.max(0, inside));
}
