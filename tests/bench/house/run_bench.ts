import type { Bench, BenchReport } from "../bench.ts";
import { Scratch } from "./scratch.ts";

/** Runs one benchmark within its limit; its processes and files are gone afterwards, also after Ctrl-C. */
export async function runBench(
  bench: Bench,
  {
    quick,
    say,
    stop,
  }: { readonly quick: boolean; readonly say: (text: string) => void; readonly stop: AbortSignal },
): Promise<BenchReport> {
  const scratch = new Scratch();
  const { promise: given, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`${bench.name} took longer than ${String(bench.limitMs / 1000)} s`));
  }, bench.limitMs);
  const onStop = (): void => {
    reject(new Error("interrupted"));
  };
  stop.addEventListener("abort", onStop);
  const run = bench.run({ quick, scratch, say });
  // When the limit or Ctrl-C came first, what it still throws is only that its processes were taken away.
  run.catch(() => undefined);
  try {
    return await Promise.race([run, given]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
    await scratch.close();
  }
}
