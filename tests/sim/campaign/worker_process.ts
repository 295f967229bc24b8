/** One process of a campaign: runs the seeds it is told, and writes a line of JSON for each. Arguments: world, first seed, step, count. */
import { oneSeed } from "./one_seed.ts";
import { SEEDS, type World } from "./options.ts";

const [world, ...numbers] = process.argv.slice(2) as [World, ...string[]];
const [first = 0, step = 1, count = 0] = numbers.map(Number);
for (let n = 0; n < count; n++) {
  const options = { seed: (first + n * step) % SEEDS };
  const { seed, flaws, counts, simulatedMs, events } = await oneSeed(options, world);
  console.log(JSON.stringify({ seed, flaws, counts, simulatedMs, events }));
  if (flaws.length > 0) break;
}
