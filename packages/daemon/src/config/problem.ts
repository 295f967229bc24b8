/** What is wrong with one setting, in full: a person repairs all of them in one go. */
export interface ConfigProblem {
  /** `/etc/kloros/kloros.toml:12`, `environment KLOROS_X`, `flag --set`. */
  readonly where: string;
  /** `[section] key`; empty when the problem is the file itself. */
  readonly key: string;
  /** The value as it was given; absent for an unknown key. */
  readonly value?: string;
  readonly problem: string;
  readonly allowed?: string;
  /** The name that was probably meant. */
  readonly nearest?: string;
}

export function formatProblem(problem: ConfigProblem): string {
  const given = problem.value === undefined ? "" : ` = ${problem.value}`;
  const subject = problem.key === "" ? "" : `${problem.key}${given}: `;
  const allowed = problem.allowed === undefined ? "" : `; allowed: ${problem.allowed}`;
  const nearest = problem.nearest === undefined ? "" : `; did you mean ${problem.nearest}?`;
  return `${problem.where}: ${subject}${problem.problem}${allowed}${nearest}`;
}

/** All problems of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
    super([`configuration: ${count}`, ...problems.map((one) => `  ${formatProblem(one)}`)].join("\n"));
    this.problems = problems;
  }
}

const SHOWN_MAX = 120;

/** A value as a person would type it, cut. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
