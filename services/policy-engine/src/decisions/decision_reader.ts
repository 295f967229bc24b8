/** Reading the decision log while the engine writes it, or without an engine. */
import type { DecisionRecord } from "./decision_record.ts";

export interface RuleSummary {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly on: readonly string[];
  /** CEL; empty: always. */
  readonly when: string;
  readonly emits: string;
  /** In words, one a control. */
  readonly controls: readonly string[];
}

export interface RulesInForce {
  readonly hash: string;
  /** The file, or `built-in rules`. */
  readonly source: string;
  /** Since when, UTC ms. */
  readonly sinceMs: number;
  readonly rules: readonly RuleSummary[];
}

export interface EmittingQuery {
  /** Evaluations up to this moment, UTC ms. Default: all. */
  readonly atMs?: number;
  /** Default 20. */
  readonly limit?: number;
}

export interface Emitting {
  /** Rules that emit it, as they stood at that moment; empty: none does. */
  readonly rules: RulesInForce | undefined;
  /** Newest first. */
  readonly records: readonly DecisionRecord[];
  /**
   * When there are no records: `before_log` the log does not go back so far; `no_rule` no rule emits that signal;
   * `nothing_advised` no signal that its rules listen to was judged.
   */
  readonly empty: "before_log" | "no_rule" | "nothing_advised" | undefined;
  /** Since when the log knows of every evaluation, UTC ms; undefined: there was no engine yet. */
  readonly logSinceMs: number | undefined;
}

export interface Decisions {
  /** Every evaluation that the signal led to, or was about. */
  bySignal(id: string): readonly DecisionRecord[];
  /** The evaluation that emitted this trigger, and those that its run held back or its end released; oldest first. */
  byTrigger(id: string): readonly DecisionRecord[];
  emitting(signalName: string, query?: EmittingQuery): Emitting;
  /** The rules in force now, or when the engine last ran; undefined: none were recorded. */
  rules(): RulesInForce | undefined;
  close(): void;
}
