/** One evaluation of one rule, as it is kept: what was seen, what came of it, and why. Times: UTC ms of the wall clock. */

/**
 * - `fired`: the trigger was emitted.
 * - `condition_false`, `condition_error`: the condition did not hold, or could not be worked out (which counts as no).
 * - `no_subjects`: the condition held, and the signal names nothing to act on.
 * - `held`: the condition held, and a control kept the rule from firing (see `control`).
 * - `emit_error`: all held, and the trigger's facts do not fit its schema.
 * - `disabled`: the rule is switched off.
 * - `released`: what the rule had started has ended; it may fire again.
 */
export type Outcome =
  | "fired"
  | "condition_false"
  | "condition_error"
  | "no_subjects"
  | "held"
  | "emit_error"
  | "disabled"
  | "released";

export type Control = "cooldown" | "singleton" | "debounce" | "rateLimit" | "quietHours" | "paused";

/** A part of a condition: what stands between its outermost `&&`. */
export interface Part {
  /** As CEL. */
  readonly text: string;
  /** `true`, `false`, or why it has no value. */
  readonly value: boolean | { readonly error: string };
  /** What it reads, `facts.x` → value as JSON, cut to a readable length; `(missing)` when it is not there. */
  readonly reads: Readonly<Record<string, string>>;
}

export interface DecisionRecord {
  readonly atMs: number;
  readonly rule: string;
  /** The signal that was delivered. */
  readonly signalId: string;
  readonly signal: string;
  readonly source: string;
  /**
   * The signal that was judged, when it is an earlier one: held back by a control that has ended now, or by a debounce
   * whose time is over.
   */
  readonly aboutId?: string;
  readonly aboutSignal?: string;
  readonly outcome: Outcome;
  /** The condition as it stood in the file; empty when the rule has none. */
  readonly condition: string;
  readonly parts: readonly Part[];
  /** In words, for every outcome but a plain `condition_false`. */
  readonly reason?: string;
  /** Which control held it back. */
  readonly control?: Control;
  /** When that control lets it through, as far as known; absent: not known, or until somebody acts. */
  readonly eligibleAtMs?: number;
  /** Subjects for which the rule fires, or would have; the first hundred. */
  readonly subjects: readonly string[];
  /** Subjects that cool down, and until when; the first hundred. */
  readonly cooling: readonly { readonly subject: string; readonly untilMs: number }[];
  /** What the rule emits. */
  readonly emits: string;
  /** The trigger that was emitted; with `held` by `singleton` and with `released` the one that runs or ran. */
  readonly triggerId?: string;
  /** With `fired`: which firing of its rule it is, from 1. */
  readonly firing?: number;
  /** Which rules were in force: first 12 hex digits of SHA-256 of their text. */
  readonly rulesHash: string;
}
