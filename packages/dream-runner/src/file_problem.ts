/** What is wrong with a file that others wrote, where, and what to do about it. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly problem: string;
  readonly remedy: string;
}

/** `dream.yaml:12:5: budget.max_candidates is -3; write a whole number from 1 on`. */
export function formatFileProblem({ file, line, column, problem, remedy }: FileProblem): string {
  const place = line === null ? file : `${file}:${String(line)}:${String(column ?? 1)}`;
  return `${place}: ${problem}; ${remedy}`;
}
