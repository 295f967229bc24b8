import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SearchParameter, SelectorConfig } from "../config/dream_config.ts";
import { genesFor, keyOf, parametersOf, parametersText, spaceSize, type Genes } from "./genes.ts";
import { SeededRandom, seedOf } from "./random.ts";
import { Search } from "./search.ts";

const SELECTOR: SelectorConfig = {
  kind: "evolution",
  population: 6,
  tournamentSize: 3,
  survivors: 6,
  elitism: 1,
  freshInject: 1,
};

function space(sizes: readonly number[]): SearchParameter[] {
  return sizes.map((size, index) => ({
    name: `p${String(index)}`,
    isOrdered: index % 2 === 0,
    choices: Array.from({ length: size }, (_, value) => ({ value, text: String(value) })),
  }));
}

/** Runs to its end against a made-up fitness; every candidate in the order of its proposal. */
function course(parameters: SearchParameter[], selector: SelectorConfig, seed: number): Genes[] {
  const search = new Search(parameters, { selector, random: new SeededRandom(seed) });
  const all: Genes[] = [];
  for (let left = 200; left > 0;) {
    const generation = search.next(left);
    if (generation.length === 0) break;
    for (const genes of generation) {
      // Every fifth fails.
      if (seedOf(keyOf(genes)) % 5 !== 0) search.tell(genes, -genes.reduce((sum, gene) => sum + gene, 0));
    }
    all.push(...generation);
    left -= generation.length;
  }
  return all;
}

const anySpace = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }).map(space);
const anySelector = fc.record<SelectorConfig>({
  kind: fc.constantFrom("evolution", "random"),
  population: fc.integer({ min: 1, max: 9 }),
  tournamentSize: fc.integer({ min: 1, max: 5 }),
  survivors: fc.integer({ min: 1, max: 9 }),
  elitism: fc.integer({ min: 0, max: 9 }),
  freshInject: fc.integer({ min: 0, max: 9 }),
});

describe("Search", () => {
  test("proposes each candidate once, inside the space, until the space or the budget is used up", () => {
    fc.assert(
      fc.property(anySpace, anySelector, fc.nat(), (parameters, selector, seed) => {
        const all = course(parameters, selector, seed);
        expect(new Set(all.map(keyOf)).size).toBe(all.length);
        expect(all.length).toBe(Math.min(200, spaceSize(parameters)));
        for (const genes of all) {
          expect(genes.every((gene, index) => gene >= 0 && gene < parameters[index]!.choices.length)).toBe(
            true,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test("the same seed takes the same course, another seed another", () => {
    const parameters = space([20, 20, 20]);
    expect(course(parameters, SELECTOR, 7)).toEqual(course(parameters, SELECTOR, 7));
    expect(course(parameters, SELECTOR, 8)).not.toEqual(course(parameters, SELECTOR, 7));
  });

  test("the incumbent is the first candidate", () => {
    const search = new Search(space([9, 9]), { selector: SELECTOR, random: new SeededRandom(1) });
    const generation = search.next(100, [[4, 4]]);
    expect(generation[0]).toEqual([4, 4]);
    expect(generation).toHaveLength(6);
  });

  test("a start covers every part of each range", () => {
    const search = new Search(space([6, 600]), { selector: SELECTOR, random: new SeededRandom(3) });
    const generation = search.next(6);
    expect(generation.map(([gene]) => gene).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(generation.map(([, gene]) => Math.floor((gene ?? 0) / 100)).toSorted()).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });
});

test("parameters are found in their space again, and those from elsewhere are not", () => {
  const parameters = space([3, 4]);
  expect(genesFor(parameters, parametersOf(parameters, [2, 1]))).toEqual([2, 1]);
  expect(parametersText(parameters, [2, 1])).toBe('{"p0": 2, "p1": 1}');
  expect(genesFor(parameters, { p0: 2, p1: 9 })).toBeUndefined();
  expect(genesFor(parameters, { p0: 2 })).toBeUndefined();
});

test("SeededRandom gives the numbers it always gave, spread evenly", () => {
  const random = new SeededRandom(42);
  expect([1, 2, 3, 4].map(() => random.below(1000))).toMatchInlineSnapshot(`
    [
      250,
      218,
      591,
      990,
    ]
  `);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 20_000; draw += 1) counts[random.below(10)]! += 1;
  expect(Math.min(...counts)).toBeGreaterThan(1800);
  expect(Math.max(...counts)).toBeLessThan(2200);
});
