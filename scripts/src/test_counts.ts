/** What a run of `bun test` said in its closing lines (` 4 pass`, ` 0 fail`, ` 1 skip`, ` 1 error`). */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ESCAPE = String.fromCharCode(27);
const COLOURS = new RegExp(`${ESCAPE}\\[[0-9;]*m`, "g");

/**
 * Reads the counts from a run's output. Errors outside of tests (a file that does not load) count as failed.
 * A run that broke off before its closing lines has no counts: all are 0, and only its exit code tells.
 */
export function parseTestCounts(output: string): TestCounts {
  const lines = output.replaceAll(COLOURS, "").split("\n");
  const last = (word: RegExp): number => {
    const line = lines.findLast((text) => word.test(text));
    return Number(line?.match(word)?.[1] ?? 0);
  };
  return {
    passed: last(/^ +(\d+) pass$/),
    failed: last(/^ +(\d+) fail$/) + last(/^ +(\d+) errors?$/),
    skipped: last(/^ +(\d+) skip$/) + last(/^ +(\d+) todo$/),
  };
}

/** The counts of a step: a run that ended badly without naming a failure is one failure. */
export function countsOfTestRun(output: string, exitCode: number): TestCounts {
  const counts = parseTestCounts(output);
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** A gate has no tests of its own: it counts as one. */
export function countsOfGate(exitCode: number): TestCounts {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

export function sumCounts(all: readonly TestCounts[]): TestCounts {
  return all.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}
