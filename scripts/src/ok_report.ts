import { sumCounts } from "./test_counts.ts";
import type { TestCounts } from "./test_counts.ts";

export interface StepOutcome {
  readonly name: string;
  readonly counts: TestCounts;
  readonly elapsedMs: number;
  readonly timedOut: boolean;
}

/** Lines of a failed step's output that are shown; the whole of it is in its log file. */
const SHOWN_LINES_MAX = 300;

export function formatOutcome(outcome: StepOutcome): string {
  const { passed, failed, skipped } = outcome.counts;
  const word = failed === 0 ? "ok" : "FAILED";
  const details = [
    outcome.name.includes("/") ? `${passed} passed` : "",
    failed > 0 && outcome.name.includes("/") ? `${failed} failed` : "",
    skipped > 0 ? `${skipped} skipped` : "",
    outcome.timedOut ? "ended at its time limit" : "",
  ].filter((text) => text !== "");
  const seconds = `${(outcome.elapsedMs / 1000).toFixed(1)} s`;
  return `${word.padEnd(7)}${outcome.name.padEnd(32)}${seconds.padStart(8)}  ${details.join(", ")}`.trimEnd();
}

export function formatOutput(output: string, logPath: string): string {
  const lines = output.trimEnd().split("\n");
  const hidden = lines.length - SHOWN_LINES_MAX;
  const head = hidden > 0 ? [`… ${hidden} lines before these are in ${logPath}`] : [];
  return [...head, ...lines.slice(-SHOWN_LINES_MAX)].map((line) => `  | ${line}`).join("\n");
}

/** The table of all steps and, as the very last line, the counts that CI reads. */
export function formatSummary(outcomes: readonly StepOutcome[]): string {
  const { passed, failed, skipped } = sumCounts(outcomes.map((outcome) => outcome.counts));
  const elapsedMs = outcomes.reduce((sum, outcome) => sum + outcome.elapsedMs, 0);
  return [
    "",
    ...outcomes.map(formatOutcome),
    "",
    `${outcomes.length} steps, ${(elapsedMs / 1000).toFixed(0)} s of work, ${skipped} tests skipped`,
    `${passed} passed, ${failed} failed`,
  ].join("\n");
}
