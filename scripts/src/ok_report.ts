import { sumCounts } from "./test_counts.ts";
import { findTestFailures, isWholeRun } from "./test_failures.ts";
import type { TestCounts } from "./test_counts.ts";
import type { TestFailure } from "./test_failures.ts";

export interface StepOutcome {
  readonly name: string;
  readonly counts: TestCounts;
  readonly elapsedMs: number;
  readonly timedOut: boolean;
  /** Names of the tests that failed; empty for a gate and for a run that broke off without naming one. */
  readonly failedTests: readonly string[];
}

/** Lines of a failed gate's output that are shown; the whole of each step's output is in its log file. */
const GATE_LINES_MAX = 300;
/** Lines of a test run that broke off. */
const BROKEN_LINES_MAX = 60;
/** A difference of two objects fits; a reader who sees only the first 45 lines still sees one whole failure. */
const FAILURE_LINES_MAX = 40;
const FAILURES_SHOWN_MAX = 20;
const NAMES_SHOWN_MAX = 100;
const LINE_LENGTH_MAX = 500;

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

/** What a person needs to see of a failed gate: the end of what it said. */
export function formatGateOutput(output: string, logPath: string): string {
  return quote(
    lastLines(output.trimEnd().split("\n"), GATE_LINES_MAX, `lines before these are in ${logPath}`),
  );
}

/** Of a failed test run: each failure with what was printed about it, nothing of the tests that passed. */
export function formatTestOutput(output: string, logPath: string): string {
  const failures = findTestFailures(output);
  const hidden = failures.length - FAILURES_SHOWN_MAX;
  const shown = failures.slice(0, FAILURES_SHOWN_MAX).flatMap((failure) => describeFailure(failure, logPath));
  if (hidden > 0) shown.push(`… ${hidden} more failures are in ${logPath}`);
  if (failures.length === 0 || !isWholeRun(output)) {
    shown.push("the run broke off; the end of its output:");
    shown.push(
      ...lastLines(output.trimEnd().split("\n"), BROKEN_LINES_MAX, `lines before these are in ${logPath}`),
    );
  }
  return quote(shown);
}

function describeFailure({ file, name, lines }: TestFailure, logPath: string): string[] {
  const said = lastLines(lines, FAILURE_LINES_MAX, `lines of it before these are in ${logPath}`);
  return [`(fail) ${name}`, `in ${file}`, ...said];
}

function lastLines(lines: readonly string[], max: number, where: string): string[] {
  const hidden = lines.length - max;
  return [...(hidden > 0 ? [`… ${hidden} ${where}`] : []), ...lines.slice(-max)];
}

function quote(lines: readonly string[]): string {
  return lines.map((line) => `  | ${line.slice(0, LINE_LENGTH_MAX)}`.trimEnd()).join("\n");
}

/** One line for each failed test, or for the step when it has none to name. */
function formatFailed({ name, counts, failedTests, timedOut }: StepOutcome): string[] {
  if (counts.failed === 0) return [];
  const how = timedOut ? [`failed: ${name} ended at its time limit`] : [];
  const tests = failedTests.map((test) => `failed: ${name} > ${test}`);
  return [...tests, ...how].length > 0 ? [...tests, ...how] : [`failed: ${name}`];
}

/** The table of all steps, what failed by name and, as the very last line, the counts that CI reads. */
export function formatSummary(outcomes: readonly StepOutcome[]): string {
  const { passed, failed, skipped } = sumCounts(outcomes.map((outcome) => outcome.counts));
  const elapsedMs = outcomes.reduce((sum, outcome) => sum + outcome.elapsedMs, 0);
  const names = outcomes.flatMap(formatFailed).map((line) => line.slice(0, LINE_LENGTH_MAX));
  const unnamed = names.length - NAMES_SHOWN_MAX;
  return [
    "",
    ...outcomes.map(formatOutcome),
    "",
    ...names.slice(0, NAMES_SHOWN_MAX),
    ...(unnamed > 0 ? [`failed: ${unnamed} more`] : []),
    `${outcomes.length} steps, ${(elapsedMs / 1000).toFixed(0)} s of work, ${skipped} tests skipped`,
    `${passed} passed, ${failed} failed`,
  ].join("\n");
}
