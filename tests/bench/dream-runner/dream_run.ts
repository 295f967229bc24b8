/** `kloros-dream` as its own process over a dream.yaml, and what it left. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cycleReportPath, readCycleReport, type CycleReport } from "@kloros/dream-runner";
import type { Scratch } from "../house/scratch.ts";
import { evaluatorModule } from "./test_functions.ts";

const MAIN = join(import.meta.dir, "../../../packages/dream-runner/src/main.ts");
const RUN_TAG = "bench";
const LIMIT_MS = 10 * 60_000;

export async function runDream(
  scratch: Scratch,
  experiments: readonly string[],
  parallel: number,
): Promise<CycleReport> {
  const directory = scratch.subdirectory();
  const [config, artifacts] = [join(directory, "dream.yaml"), join(directory, "artifacts")];
  writeFileSync(join(directory, "evaluator.js"), evaluatorModule());
  writeFileSync(config, `experiments:\n${experiments.map((one) => `  - ${one}\n`).join("")}`);
  const flags = ["--config", config, "--artifacts", artifacts, "--run-tag", RUN_TAG, "--progress", "none"];
  const child = scratch.spawn("kloros-dream", [
    process.execPath,
    MAIN,
    "run",
    ...flags,
    "--parallel",
    String(parallel),
  ]);
  // It says no events: the wait ends with the program.
  await child.event("ended", LIMIT_MS).catch(() => undefined);
  const report = await readCycleReport(cycleReportPath(artifacts, RUN_TAG));
  if (report?.success !== true) throw new Error(`the run failed: ${report?.error ?? child.stderr}`);
  return report;
}

/** What each candidate of an experiment measured, in the order of the search. */
export function measuredValues(artifacts: string): number[] {
  const files = readdirSync(artifacts).filter((name) => name.endsWith(".jsonl"));
  const lines = files.flatMap((name) => readFileSync(join(artifacts, name), "utf8").trim().split("\n"));
  return lines
    .map(
      (line) =>
        JSON.parse(line) as { readonly candidate: number; readonly metrics: { readonly value: number } },
    )
    .toSorted((a, b) => a.candidate - b.candidate)
    .map(({ metrics }) => metrics.value);
}
