/** Where evaluators run. */
export interface EvaluatorPlace {
  /** Working directory. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A mark for one more process. */
  readonly nextMark: () => string;
}
