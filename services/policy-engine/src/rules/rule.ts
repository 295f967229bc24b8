/** Rules as the engine works with them: read, checked, compiled. */
import type { SignalDefinition } from "@kloros/signal-schema";
import type { Expression } from "../expression/expression.ts";

export interface Rule {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  /** Names of the signals that it judges. */
  readonly on: readonly string[];
  /** Absent: always. */
  readonly when: Expression | undefined;
  readonly emit: {
    readonly signal: SignalDefinition;
    readonly facts: readonly FactSource[];
  };
  /** What it acts on: the cooldown counts for each of them. Absent: the rule as a whole cools down. */
  readonly subjects: Expression | undefined;
  /** Evaluated on signals that end a run: subjects that were dealt with and cool down anew. */
  readonly settled: Expression | undefined;
  readonly control: Controls;
}

export type FactSource =
  | { readonly key: string; readonly literal: unknown }
  | { readonly key: string; readonly expression: Expression };

/** What is absent does not hold back. */
export interface Controls {
  readonly cooldownMs?: number;
  readonly singleton?: { readonly until: readonly string[]; readonly limitMs: number };
  readonly debounceMs?: number;
  readonly rateLimit?: { readonly count: number; readonly perMs: number };
  readonly quietHours?: QuietHours;
}

/** Local time. `from` after `to`: over midnight. */
export interface QuietHours {
  /** Minutes of the day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** 0 Sunday to 6 Saturday, of the day on which they begin; absent: all. */
  readonly days?: readonly number[];
}

export interface RuleSet {
  readonly rules: readonly Rule[];
  /** First 12 hex digits of SHA-256 of the text. */
  readonly hash: string;
  readonly text: string;
  /** The file, or `built-in rules`. */
  readonly source: string;
}
