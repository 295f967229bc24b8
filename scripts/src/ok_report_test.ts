import { describe, expect, test } from "bun:test";
import { formatGateOutput, formatOutcome, formatSummary, formatTestOutput } from "./ok_report.ts";
import type { StepOutcome } from "./ok_report.ts";

const OUTCOME: StepOutcome = {
  name: "unit/zmq",
  counts: { passed: 12, failed: 0, skipped: 2 },
  elapsedMs: 1234,
  timedOut: false,
  failedTests: [],
};

describe("the report of ok", () => {
  test("ends with the line that CI reads", () => {
    const failed = { ...OUTCOME, name: "types", counts: { passed: 0, failed: 1, skipped: 0 } };
    expect(formatSummary([OUTCOME, failed]).split("\n").at(-1)).toBe("12 passed, 1 failed");
  });

  test("says in one line how a step went, and what it skipped", () => {
    expect(formatOutcome(OUTCOME)).toMatch(/^ok +unit\/zmq +1\.2 s {2}12 passed, 2 skipped$/);
    const failed = { ...OUTCOME, counts: { passed: 1, failed: 3, skipped: 0 }, timedOut: true };
    expect(formatOutcome(failed)).toMatch(
      /^FAILED +unit\/zmq .*1 passed, 3 failed, ended at its time limit$/,
    );
  });

  test("names before its closing lines each test that failed, and each step without such a name", () => {
    const counts = { passed: 1, failed: 2, skipped: 0 };
    const unit = { ...OUTCOME, counts, failedTests: ["a > b", "a > c"] };
    const hung = { ...OUTCOME, name: "unit/cli", counts, timedOut: true };
    const gate = { ...OUTCOME, name: "types", counts: { passed: 0, failed: 1, skipped: 0 } };
    expect(formatSummary([unit, OUTCOME, hung, gate]).split("\n").slice(-6)).toEqual([
      "failed: unit/zmq > a > b",
      "failed: unit/zmq > a > c",
      "failed: unit/cli ended at its time limit",
      "failed: types",
      "4 steps, 5 s of work, 2 tests skipped",
      "14 passed, 5 failed",
    ]);
  });

  test("names a bounded number of failed tests", () => {
    const failedTests = Array.from({ length: 250 }, (_, index) => `${index} ${"x".repeat(5000)}`);
    const many = { ...OUTCOME, counts: { passed: 0, failed: 250, skipped: 0 }, failedTests };
    const summary = formatSummary([many]);
    expect(summary).toContain("\nfailed: 150 more\n");
    expect(summary.length).toBeLessThan(60_000);
  });

  test("shows the end of a gate's long output and where the rest is", () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`).join("\n");
    const shown = formatGateOutput(lines, "logs/a.log").split("\n");
    expect(shown).toHaveLength(301);
    expect(shown[0]).toContain("700 lines before these are in logs/a.log");
    expect(shown.at(-1)).toBe("  | line 999");
  });

  test("shows of a failed test run the failures alone, each under its name", () => {
    const passed = Array.from({ length: 1000 }, (_, index) => `(pass) ${index}`).join("\n");
    const output = `src/a_test.ts:\n${passed}\nerror: one\n(fail) bad [1.00ms]\n${passed}\nRan 2001 tests across 1 file. [2.00s]`;
    expect(formatTestOutput(output, "a.log").split("\n")).toEqual([
      "  | (fail) bad",
      "  | in src/a_test.ts",
      "  | error: one",
    ]);
  });

  test("shows a bounded part of many long failures", () => {
    const failure = `${"x".repeat(9000)}\n`.repeat(90);
    const output = `a_test.ts:\n${`${failure}(fail) bad\n`.repeat(50)}Ran 50 tests across 1 file. [2.00s]`;
    const shown = formatTestOutput(output, "a.log").split("\n");
    expect(shown.slice(0, 3)).toEqual([
      "  | (fail) bad",
      "  | in a_test.ts",
      "  | … 50 lines of it before these are in a.log",
    ]);
    expect(shown).toHaveLength(20 * 43 + 1);
    expect(shown.at(-1)).toBe("  | … 30 more failures are in a.log");
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThanOrEqual(504);
  });

  test("shows the end of a run that broke off, and what had failed before", () => {
    const passed = Array.from({ length: 100 }, (_, index) => `(pass) ${index}`).join("\n");
    const shown = formatTestOutput(`a_test.ts:\n(fail) bad\n${passed}\npanic: crash`, "a.log").split("\n");
    expect(shown.slice(0, 4)).toEqual([
      "  | (fail) bad",
      "  | in a_test.ts",
      "  | the run broke off; the end of its output:",
      "  | … 43 lines before these are in a.log",
    ]);
    expect(shown).toHaveLength(4 + 60);
    expect(shown.at(-1)).toBe("  | panic: crash");
  });
});
