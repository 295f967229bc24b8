/** Work for both flows: modules, intents, and now and then a promotion. */
import type { Seed } from "../../e2e/house/seed.ts";
import type { WholeHouse } from "./whole_house.ts";

const PROMOTE_EVERY = 6;
const INTENTS = 8;

/** What to ask for next, one by one: each may be done again when it throws. `step`: a number that was not used before. */
export function moreWork(house: WholeHouse, chance: Seed, step: number): (() => void)[] {
  const work = Array.from({ length: 2 }, (_, index) => {
    const bare = chance.below(4) === 0;
    return () => {
      house.tree.add(`late_${String(step)}_${String(index)}`, { bare });
    };
  });
  for (let index = 0; index < INTENTS; index++) {
    const priority = chance.pick([3, 5, 9]);
    work.push(() => {
      house.ask(`intent-${String(step)}-${String(index)}`, priority);
    });
  }
  if (step % PROMOTE_EVERY === 0) {
    work.push(() => {
      house.promote(`promotion_${String(step)}`);
    });
  }
  return work;
}
