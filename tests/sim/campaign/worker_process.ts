/** One process of a campaign: runs the seeds it is told, and writes a line of JSON for each. Arguments: first seed, step, count. */
import { oneSeed } from "./one_seed.ts";
import { SEEDS } from "./options.ts";

const [first = 0, step = 1, count = 0] = process.argv.slice(2).map(Number);
for (let n = 0; n < count; n++) {
  const { seed, flaws, counts, simulatedMs, events } = await oneSeed({ seed: (first + n * step) % SEEDS });
  console.log(JSON.stringify({ seed, flaws, counts, simulatedMs, events }));
  if (flaws.length > 0) break;
}
