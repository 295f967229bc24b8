/** When questions about a module are suppressed (FACTS B5). Pure. */
import type { Suppression } from "./evidence.ts";

export interface SuppressionRules {
  /** Failed investigations in a row until it is suppressed. */
  readonly failuresMax: number;
  readonly suppressDays: number;
}

export interface Attempt {
  /** Why it counts as failed; null: it succeeded. */
  readonly failure: string | null;
  /** Local naive ISO. */
  readonly now: string;
  /** Local naive ISO, `suppressDays` from now. */
  readonly until: string;
}

/** A success forgets earlier failures and lifts a suppression; so does the end of its time. */
export function nextSuppression(
  before: Suppression | undefined,
  { failure, now, until }: Attempt,
  rules: SuppressionRules,
): Suppression | undefined {
  if (failure === null) {
    return before === undefined
      ? undefined
      : { ...before, suppressed: false, reason: null, failure_count: 0, suppress_until: null };
  }
  const running =
    before !== undefined && before.failure_count > 0 && !expired(before, now) ? before : undefined;
  const failureCount = (running?.failure_count ?? 0) + 1;
  const suppressed = failureCount >= rules.failuresMax;
  return {
    suppressed,
    reason: suppressed ? `${failureCount} failed investigations, the last: ${failure}` : failure,
    first_attempt: running?.first_attempt ?? now,
    last_attempt: now,
    failure_count: failureCount,
    suppress_until: suppressed ? until : null,
    user_can_override: before?.user_can_override ?? true,
  };
}

/** Both are local naive ISO texts, which order as they stand. */
function expired(suppression: Suppression, now: string): boolean {
  return suppression.suppress_until !== null && suppression.suppress_until <= now;
}

/**
 * What the consumer remembers, corrected by the file: an operator who sets `suppressed` to false there has overridden it.
 */
export function withOverride(
  remembered: Suppression | undefined,
  inFile: Suppression | null,
): Suppression | undefined {
  if (remembered?.suppressed !== true || !remembered.user_can_override) return remembered;
  if (inFile === null || inFile.suppressed) return remembered;
  return { ...remembered, suppressed: false, reason: null, failure_count: 0, suppress_until: null };
}
