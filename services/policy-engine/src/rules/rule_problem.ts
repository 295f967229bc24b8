/** What is wrong with a file of rules, in full: a person repairs all of it in one go. */
export interface RuleProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What is wrong. */
  readonly text: string;
  /** What to do. */
  readonly remedy: string;
}

export function formatRuleProblem({ file, line, column, text, remedy }: RuleProblem): string {
  return `${file}:${String(line)}:${String(column)}: ${text}; ${remedy}`;
}
