/** What a run leaves, in the installation's layout: `<artifacts>/<experiment>/<unix>/…`, `winners/`, `cycles/`. */
import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, syncDirectory, writeFileAtomic } from "@kloros/daemon";
import type { Metrics } from "../types.ts";

/** One line of `gen_N_candidates.jsonl`. */
export interface CandidateRecord {
  readonly generation: number;
  /** Counted from 0 over the whole run. */
  readonly candidate: number;
  /** JSON, numbers as the configuration writes them. */
  readonly params: string;
  readonly metrics: Metrics | null;
  readonly fitness: number | null;
  readonly error: string | null;
  readonly durationS: number;
  /** It was the winner before this run. */
  readonly isIncumbent: boolean;
}

/** Two runs of one second: how far the number is counted up for the later one. */
const SAME_SECOND_MAX = 1000;

/** A new directory for a run of the experiment, named by the time in unix seconds. */
export async function makeRunDirectory(artifacts: string, experiment: string, unix: number): Promise<string> {
  const parent = join(artifacts, experiment);
  await mkdir(parent, { recursive: true });
  await insistInside(artifacts, parent);
  for (let later = 0; later < SAME_SECOND_MAX; later += 1) {
    const directory = join(parent, String(unix + later));
    try {
      await mkdir(directory);
      syncDirectory(parent);
      return directory;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
  throw new Error(`${parent} has ${String(SAME_SECOND_MAX)} runs of this second already`);
}

/** Throws when a link leads out of the artifacts. `artifacts`: without links; what is not there yet is where its directory is. */
export async function insistInside(artifacts: string, path: string): Promise<void> {
  const real = await realpath(path).catch(async (error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    return join(await realpath(dirname(path)), basename(path));
  });
  if (real.startsWith(`${artifacts}/`)) return;
  throw new Error(`${path} leads to ${real}, out of ${artifacts}; nothing is written there: remove the link`);
}

export async function writeGeneration(
  directory: string,
  generation: number,
  records: readonly CandidateRecord[],
): Promise<void> {
  const lines = records.map((record) => `${recordLine(record)}\n`).join("");
  await writeFileAtomic(join(directory, `gen_${String(generation)}_candidates.jsonl`), lines);
}

function recordLine(record: CandidateRecord): string {
  const { generation, candidate, params, metrics, fitness, error, durationS, isIncumbent } = record;
  const head = `"generation": ${String(generation)}, "candidate": ${String(candidate)}, "params": ${params}`;
  const rest = { metrics, fitness, error, duration_s: durationS, incumbent: isIncumbent };
  return `{${head}, ${JSON.stringify(rest).slice(1)}`;
}

export interface Best {
  readonly params: string;
  readonly fitness: number;
  readonly metrics: Metrics;
  /** It was the winner before. */
  readonly isIncumbent: boolean;
}

export async function writeSummary(
  directory: string,
  best: Best | undefined,
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const found = `"best_fitness": ${JSON.stringify(best?.fitness ?? null)}, "best_params": ${best?.params ?? "null"}, "best_metrics": ${JSON.stringify(best?.metrics ?? null)}`;
  await writeFileAtomic(
    join(directory, "summary.json"),
    `{${JSON.stringify(facts).slice(1, -1)}, ${found}}\n`,
  );
}

/** The text of `winners/<experiment>.json`. */
export function winnerText(best: Best, updatedAt: number, runTag: string): string {
  const { params, fitness, metrics } = best;
  return `{"updated_at": ${String(updatedAt)}, "run_tag": ${JSON.stringify(runTag)}, "best": {"fitness": ${JSON.stringify(fitness)}, "params": ${params}, "metrics": ${JSON.stringify(metrics)}}}\n`;
}
