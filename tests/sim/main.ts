/** ./scripts/sim: see campaign/options.ts for what it takes. */
import { availableParallelism } from "node:os";
import { campaign } from "./campaign/campaign.ts";
import { type Options, parseOptions, SEEDS, USAGE, UsageError } from "./campaign/options.ts";
import { replay } from "./campaign/replay.ts";
import { progressLine, summary } from "./campaign/summary.ts";

const PROGRESS_MS = { terminal: 200, file: 5000 } as const;

async function many(options: Extract<Options, { kind: "campaign" }>): Promise<boolean> {
  const { runs, json } = options;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const terminal = process.stderr.isTTY;
  let told = performance.now();
  const report = await campaign({
    ...options,
    stop: stop.signal,
    onProgress: (soFar) => {
      const over = soFar.runs === runs;
      if (!over && performance.now() - told < PROGRESS_MS[terminal ? "terminal" : "file"]) return;
      told = performance.now();
      process.stderr.write(progressLine(soFar, { wanted: runs, terminal }));
    },
  });
  if (terminal) process.stderr.write("\n");
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
