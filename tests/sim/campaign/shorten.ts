import type { Fault } from "../faults/fault.ts";
import { oneSeed } from "./one_seed.ts";
import type { World } from "./options.ts";

/** Runs that it may take. */
const TRIES_MAX = 120;

/** Fewer faults of a run that still break something: leaves out halves, quarters, … and single ones while that holds. */
export async function shorten(
  seed: number,
  faults: readonly Fault[],
  world: World,
): Promise<readonly Fault[]> {
  let kept = faults;
  let tries = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length && tries < TRIES_MAX;) {
      const fewer = kept.filter((_, index) => index < from || index >= from + size);
      tries++;
      const { flaws } = await oneSeed({ seed, faults: fewer }, world);
      if (flaws.length > 0) kept = fewer;
      else from += size;
    }
  }
  return kept;
}
