/**
 * The search: generation by generation, so that its course depends on the seed and the measurements only, never on
 * which evaluation ended first. No candidate is proposed twice. Pure.
 */
import type { SearchParameter, SelectorConfig } from "../config/dream_config.ts";
import { genesAt, keyOf, spaceSize, type Genes } from "./genes.ts";
import { breed } from "./offspring.ts";
import type { SeededRandom } from "./random.ts";

interface Ranked {
  readonly genes: Genes;
  readonly fitness: number;
}

/** How often a child that was seen before is changed further before one is drawn freely. */
const CHILD_TRIES = 12;
const DRAW_TRIES = 30;
/** Above this many, free draws hardly meet a candidate that was seen. */
const COUNTABLE_MAX = 2_000_000;

export class Search {
  readonly #parameters: readonly SearchParameter[];
  readonly #selector: SelectorConfig;
  readonly #random: SeededRandom;
  readonly #seen = new Set<string>();
  readonly #size: number;
  #ranked: Ranked[] = [];
  #generation = 0;

  constructor(
    parameters: readonly SearchParameter[],
    { selector, random }: { readonly selector: SelectorConfig; readonly random: SeededRandom },
  ) {
    this.#parameters = parameters;
    this.#selector = selector;
    this.#random = random;
    this.#size = spaceSize(parameters);
  }

  /** The next generation, at most `limit` candidates; `first` are part of it. Empty: the space is exhausted. */
  next(limit: number, first: readonly Genes[] = []): Genes[] {
    const wanted = Math.min(limit, this.#selector.population, this.#size - this.#seen.size);
    const generation: Genes[] = [];
    const add = (genes: Genes | undefined): void => {
      if (genes === undefined || generation.length >= wanted || this.#seen.has(keyOf(genes))) return;
      this.#seen.add(keyOf(genes));
      generation.push(genes);
    };
    for (const genes of first) add(genes);
    const breeds = this.#selector.kind === "evolution" && this.#ranked.length > 0;
    if (!breeds && this.#generation === 0) for (const genes of this.#spread(wanted)) add(genes);
    const children = breeds ? wanted - Math.min(this.#selector.freshInject, wanted - 1) : 0;
    for (let index = 0; index < children; index += 1) add(this.#child(index));
    while (generation.length < wanted) {
      const before = generation.length;
      add(this.#draw());
      if (generation.length === before) break;
    }
    this.#generation += 1;
    return generation;
  }

  /** What a candidate of `next` was worth; a failed one is not told. */
  tell(genes: Genes, fitness: number): void {
    this.#ranked.push({ genes, fitness });
    this.#ranked.sort((a, b) => b.fitness - a.fitness);
    this.#ranked = this.#ranked.slice(0, Math.max(this.#selector.survivors, this.#selector.elitism));
  }

  /** A start that covers each parameter evenly: every part of its range is met once (Latin hypercube). */
  #spread(count: number): Genes[] {
    const columns = this.#parameters.map(({ choices }) => {
      const order = this.#random.permutation(count);
      return order.map((cell) => Math.floor(((cell + this.#random.fraction()) / count) * choices.length));
    });
    return Array.from({ length: count }, (_, row) => columns.map((column) => column[row] ?? 0));
  }

  #child(index: number): Genes | undefined {
    const mother = index < this.#selector.elitism ? this.#ranked[index]?.genes : this.#tournament();
    for (let tries = 0; tries < CHILD_TRIES; tries += 1) {
      const child = this.#offspring(mother ?? this.#tournament());
      if (!this.#seen.has(keyOf(child))) return child;
    }
    return this.#draw();
  }

  #offspring(mother: Genes): Genes {
    const others = [this.#survivor(), this.#survivor(), this.#survivor()] as const;
    return breed(this.#parameters, { mother, others }, this.#random);
  }

  #survivor(): Genes {
    const pool = Math.min(this.#ranked.length, this.#selector.survivors);
    return this.#ranked[this.#random.below(pool)]?.genes ?? [];
  }

  #tournament(): Genes {
    const pool = Math.min(this.#ranked.length, this.#selector.survivors);
    const draws = Array.from({ length: this.#selector.tournamentSize }, () => this.#random.below(pool));
    // They are ranked: the smallest index is the best.
    return this.#ranked[Math.min(...draws)]?.genes ?? [];
  }

  /** A candidate that was not seen yet; undefined when none is found. */
  #draw(): Genes | undefined {
    for (let tries = 0; tries < DRAW_TRIES; tries += 1) {
      const genes = this.#parameters.map(({ choices }) => this.#random.below(choices.length));
      if (!this.#seen.has(keyOf(genes))) return genes;
    }
    if (this.#size > COUNTABLE_MAX) return undefined;
    const start = this.#random.below(this.#size);
    for (let step = 0; step < this.#size; step += 1) {
      const genes = genesAt(this.#parameters, (start + step) % this.#size);
      if (!this.#seen.has(keyOf(genes))) return genes;
    }
    return undefined;
  }
}
