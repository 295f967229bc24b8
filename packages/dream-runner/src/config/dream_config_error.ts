import { formatFileProblem, type FileProblem } from "../file_problem.ts";

/** All that is wrong with a `dream.yaml`, at once. */
export class DreamConfigError extends Error {
  override readonly name = "DreamConfigError";
  readonly problems: readonly FileProblem[];
  constructor(problems: readonly FileProblem[], options?: ErrorOptions) {
    super(problems.map((problem) => formatFileProblem(problem)).join("\n"), options);
    this.problems = problems;
  }
}
