/** ./scripts/sim: see campaign/options.ts for what it takes. */
import { availableParallelism } from "node:os";
import { campaign } from "./campaign/campaign.ts";
import { type Options, parseOptions, SEEDS, USAGE, UsageError } from "./campaign/options.ts";
import { replay } from "./campaign/replay.ts";
import { progressLine, summary } from "./campaign/summary.ts";

const PROGRESS_MS = 2000;

async function many({ runs, seed, jobs, json }: Extract<Options, { kind: "campaign" }>): Promise<boolean> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  let told = performance.now();
  const report = await campaign({
    runs,
    seed,
    jobs,
    stop: stop.signal,
    onProgress: (soFar) => {
      if (performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      console.error(progressLine(soFar, runs));
    },
  });
  console.log(json ? JSON.stringify(report, null, 2) : summary(report));
  if (stop.signal.aborted) console.error(`stopped after ${String(report.runs)} of ${String(runs)} runs`);
  return report.failure === undefined && report.runs === runs;
}

async function main(argv: readonly string[]): Promise<boolean> {
  const seed = Date.now() % SEEDS;
  const options = parseOptions(argv, { seed, jobs: availableParallelism() });
  if (options.kind === "campaign") return many(options);
  if (options.kind === "replay") return replay(options, (text) => console.log(text));
  console.log(USAGE);
  return true;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = error instanceof UsageError ? 64 : 1;
}
