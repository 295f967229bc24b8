/** Many runs in several processes, until one breaks something. */
import { join } from "node:path";
import { addCounts } from "./coverage.ts";
import type { World } from "./options.ts";

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  readonly jobs: number;
  readonly world: World;
  readonly stop: AbortSignal;
  /** After each run. */
  readonly onProgress: (soFar: Report) => void;
}

export interface Report {
  runs: number;
  readonly world: World;
  readonly firstSeed: number;
  simulatedMs: number;
  events: number;
  readonly counts: Record<string, number>;
  failure: { readonly seed: number; readonly flaws: readonly string[] } | undefined;
  seconds: number;
}

interface Line {
  readonly seed: number;
  readonly flaws: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly events: number;
}

const WORKER = join(import.meta.dirname, "worker_process.ts");

/** Throws when a process of it ends otherwise than by itself. */
export async function campaign(options: CampaignOptions): Promise<Report> {
  const { runs, seed, world } = options;
  const jobs = Math.min(options.jobs, runs);
  const report: Report = {
    runs: 0,
    world,
    firstSeed: seed,
    simulatedMs: 0,
    events: 0,
    counts: {},
    failure: undefined,
    seconds: 0,
  };
  const started = performance.now();
  const over = new AbortController();
  const stop = AbortSignal.any([options.stop, over.signal]);
  const take = (line: Line): void => {
    report.runs++;
    report.simulatedMs += line.simulatedMs;
    report.events += line.events;
    report.seconds = (performance.now() - started) / 1000;
    addCounts(report.counts, line.counts);
    if (line.flaws.length > 0) {
      report.failure ??= { seed: line.seed, flaws: line.flaws };
      over.abort();
    }
    options.onProgress(report);
  };
  const shares = Array.from({ length: jobs }, (_, job) => Math.floor((runs - job + jobs - 1) / jobs));
  await Promise.all(shares.map((count, job) => work([world, seed + job, jobs, count], stop, take)));
  return report;
}

async function work(
  args: readonly (number | World)[],
  stop: AbortSignal,
  take: (line: Line) => void,
): Promise<void> {
  const child = Bun.spawn([process.execPath, WORKER, ...args.map(String)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const end = (): void => {
    child.kill();
  };
  stop.addEventListener("abort", end, { once: true });
  if (stop.aborted) end();
  const errors = new Response(child.stderr).text();
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "" && !stop.aborted) take(JSON.parse(line) as Line);
  }
  const code = await child.exited;
  stop.removeEventListener("abort", end);
  if (code !== 0 && !stop.aborted)
    throw new Error(
      `a process of the campaign ended with ${String(code)} (arguments ${args.join(" ")}):\n${await errors}`,
    );
}
