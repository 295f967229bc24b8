/** A machine's processor time, second by second, and what of it comes back every minute. */
import { treeCpuSeconds } from "../house/process_tree.ts";

const MINUTE = 60;

/** Shares of one core, %, one for each of `seconds` seconds; `root`: the machine's first process. */
export async function sampleSeconds(root: number, seconds: number): Promise<readonly number[]> {
  const samples: number[] = [];
  const startedAt = performance.now();
  let [before, at] = [treeCpuSeconds(root), startedAt];
  for (let second = 1; second <= seconds; second++) {
    await Bun.sleep(startedAt + second * 1000 - performance.now());
    const [after, now] = [treeCpuSeconds(root), performance.now()];
    samples.push(((after - before) / ((now - at) / 1000)) * 100);
    [before, at] = [after, now];
  }
  return samples;
}

/**
 * Minutes laid over each other: the mean of all samples of each second of the minute. What happens once a minute stands out;
 * what happens at any time evens out.
 */
export function foldMinutes(samples: readonly number[]): readonly number[] {
  return Array.from({ length: Math.min(MINUTE, samples.length) }, (_, second) =>
    mean(samples.filter((_sample, index) => index % MINUTE === second)),
  );
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
