/**
 * Finds in the output of `bun test` what failed, and what was printed about it. Bun prints a test's error before
 * its `(fail)` line and the note of a time limit after it; an error outside of all tests stands between two rules.
 * All of it is written when a test ends, so a failure's lines are those since the previous test ended.
 */
export interface TestFailure {
  /** `group > test`, as Bun joins them; for an error between tests its file and first line. */
  readonly name: string;
  /** File heading above it, as Bun printed it; "" when there was none. */
  readonly file: string;
  /** What was printed about it, without the `(fail)` line; all of it. */
  readonly lines: readonly string[];
}

const ENDED = /^\((pass|fail|skip|todo)\) (.*?)(?: \[[\d.]+m?s\])?$/;
const FILE = /^(\S.*\.[jt]sx?):$/;
const AFTER_FAIL = /^ {2}\^ /;
const BETWEEN = "# Unhandled error between tests";
const RULE = /^-{31}$/;
/** Bun repeats at its end, by name only, what failed, was skipped or is to do. */
const REPEATED = /^\d+ tests? (failed|skipped|todo):$/;

class FailureReader {
  readonly found: TestFailure[] = [];
  private file = "";
  private since: string[] = [];
  private inError = false;

  read(line: string): void {
    if (line === BETWEEN || this.inError) this.readBetween(line);
    else this.readOutside(line);
  }

  private readBetween(line: string): void {
    if (!this.inError) {
      this.inError = true;
      this.since = [];
    } else if (!RULE.test(line)) this.since.push(line);
    else if (this.since.length > 0) this.endBetween();
  }

  /** Also for an output that broke off inside of such an error. */
  endBetween(): void {
    if (!this.inError) return;
    const said = this.since.find((line) => /^\w*error\b/i.test(line)) ?? this.since[0] ?? "";
    this.found.push({ name: `${this.file}: between tests: ${said}`, file: this.file, lines: this.since });
    this.inError = false;
    this.since = [];
  }

  private readOutside(line: string): void {
    const [, how, name] = ENDED.exec(line) ?? [];
    if (how === "fail") this.found.push({ name: name ?? "", file: this.file, lines: this.since });
    const heading = FILE.exec(line)?.[1];
    if (heading !== undefined) this.file = heading;
    if (how !== undefined || heading !== undefined) this.since = [];
    else if (AFTER_FAIL.test(line) && this.since.length === 0) this.addToLast(line);
    else this.since.push(line);
  }

  private addToLast(line: string): void {
    const last = this.found.pop();
    if (last !== undefined) this.found.push({ ...last, lines: [...last.lines, line] });
  }
}

/** In the order in which they happened; empty when the run broke off before it could name one. */
export function findTestFailures(output: string): TestFailure[] {
  const reader = new FailureReader();
  for (const line of output.split("\n")) {
    if (REPEATED.test(line)) break;
    reader.read(line);
  }
  reader.endBetween();
  return reader.found;
}

/** Whether `bun test` came to its closing line: a crash or a time limit leaves an output without. */
export function isWholeRun(output: string): boolean {
  return /^Ran \d+ tests? across \d+ files?\./m.test(output);
}
