import { describe, expect, test } from "bun:test";
import { formatOutcome, formatOutput, formatSummary } from "./ok_report.ts";
import type { StepOutcome } from "./ok_report.ts";

const OUTCOME: StepOutcome = {
  name: "unit/zmq",
  counts: { passed: 12, failed: 0, skipped: 2 },
  elapsedMs: 1234,
  timedOut: false,
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

  test("shows the end of a long output and where the rest is", () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`).join("\n");
    const shown = formatOutput(lines, "logs/a.log").split("\n");
    expect(shown).toHaveLength(301);
    expect(shown[0]).toContain("700 lines before these are in logs/a.log");
    expect(shown.at(-1)).toBe("  | line 999");
  });
});
