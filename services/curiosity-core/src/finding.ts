/** What was seen of one directory at the top of the source root, and what that is worth. Pure. */

export interface Finding {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly hasInit: boolean;
  /** `*.py` directly in the directory, `__init__.py` included. */
  readonly pyFiles: number;
  readonly hasReadme: boolean;
  /** The newest change of the directory or one of its Python files, UTC ms. */
  readonly changedMs: number;
}

const DAY_MS = 86_400_000;
const RECENT_DAYS = 30;
/** Hundredths: sums of tenths in floating point would decide at 0.6 by accident. */
const VALUE_MIN = 60;

/** Names that are no modules of the system. */
export function isModuleName(name: string): boolean {
  if (name.startsWith(".") || name === "__pycache__" || name === "tests") return false;
  // Control characters cannot be carried in evidence lines; U+FFFD stands for bytes that are not UTF-8.
  return !/[\p{Cc}\uFFFD]/u.test(name);
}

/** Whole days; a change in the future counts as today. */
export function ageDays(finding: Finding, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - finding.changedMs) / DAY_MS));
}

/** In hundredths. 0: not a candidate, or nothing that could be integrated. */
export function valueOf(finding: Finding, nowMs: number): number {
  const { hasInit, hasReadme, pyFiles } = finding;
  const isCandidate = hasInit || pyFiles >= 2 || hasReadme;
  if (!isCandidate || pyFiles < 1) return 0;
  const recent = ageDays(finding, nowMs) < RECENT_DAYS;
  const value = 50 + (hasInit ? 10 : 0) + (hasReadme ? 10 : 0) + (pyFiles >= 3 ? 10 : 0) + (recent ? 15 : 0);
  return value < VALUE_MIN ? 0 : value;
}
