/** How a child comes from its parents. */
import type { SearchParameter } from "../config/dream_config.ts";
import type { Genes } from "./genes.ts";
import type { SeededRandom } from "./random.ts";

/** Share of children that have two parents. */
const CROSSOVER_SHARE = 0.7;

/** Each gene from one parent or the other; where neighbours are alike, sometimes from between them. */
export function recombine(
  parameters: readonly SearchParameter[],
  mother: Genes,
  father: Genes,
  random: SeededRandom,
): Genes {
  if (!random.chance(CROSSOVER_SHARE)) return mother;
  return mother.map((gene, index) => {
    const other = father[index] ?? gene;
    if (parameters[index]?.isOrdered === true && random.chance(0.3)) {
      return Math.round(gene + (other - gene) * random.fraction());
    }
    return random.chance(0.5) ? gene : other;
  });
}

/** Changes one gene at least, on average about one. */
export function mutate(parameters: readonly SearchParameter[], genes: Genes, random: SeededRandom): Genes {
  const always = random.below(genes.length);
  return genes.map((gene, index) => {
    const parameter = parameters[index];
    const isDue = index === always || random.chance(1 / genes.length);
    return parameter === undefined || !isDue ? gene : mutateGene(parameter, gene, random);
  });
}

/**
 * Ordered choices: a step whose length is drawn evenly over the orders of magnitude, so that neighbours and far
 * places are both reached, whatever the scale on which the parameter matters. Others: any other choice.
 */
function mutateGene({ choices, isOrdered }: SearchParameter, gene: number, random: SeededRandom): number {
  const last = choices.length - 1;
  if (last === 0) return gene;
  if (!isOrdered) return (gene + 1 + random.below(last)) % choices.length;
  const length = Math.max(1, Math.round(Math.exp(random.fraction() * Math.log(Math.max(1, last / 2)))));
  const moved = random.chance(0.5) ? gene + length : gene - length;
  // Beyond an end it is reflected; a step longer than the range ends at the other end.
  const reflected = moved < 0 ? -moved : moved > last ? 2 * last - moved : moved;
  return Math.min(last, Math.max(0, reflected));
}
