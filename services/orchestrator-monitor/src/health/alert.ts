/** What a probe reads, and what is remembered of the alerts that it led to. Data only. */
import type { FactsOf, HealthAlert } from "@kloros/signal-schema";

export type AlertFacts = FactsOf<typeof HealthAlert>;
export type Severity = AlertFacts["severity"];

export interface Level {
  readonly severity: Severity;
  /** Crossed by a value that is greater. */
  readonly above: number;
}

/** One value that is held against its levels. */
export interface Reading {
  /** Identifies the condition among all, e.g. `disk:/home/kloros`. */
  readonly key: string;
  /** `alert_type`, e.g. `disk_full`. */
  readonly type: string;
  /** One that is not finite says nothing: what was known stays. */
  readonly value: number;
  /** Null: the value is no measure, only whether it is so; it is not told. */
  readonly unit: string | null;
  /** From the mildest to the worst. */
  readonly levels: readonly [Level, ...Level[]];
  /** A move by so much, within one severity, is worth telling; absent: none is. */
  readonly step?: number;
  readonly message: string;
  /** A command that can be typed as it is, or the one thing to do. */
  readonly advice: string;
  readonly suggestions?: readonly string[];
}

/** The alert that stands, as it was told last. */
export interface Told {
  readonly type: string;
  readonly severity: Severity;
  readonly value: number;
  readonly threshold: number;
  readonly unit: string | null;
  /** UTC ms of the raise. */
  readonly sinceMs: number;
  /** UTC ms of the last time it was told. */
  readonly atMs: number;
}

/** By key. */
export type Standing = Readonly<Record<string, Told>>;

/** Frozen when it is decided: a repetition after a crash is the same to the byte. */
export interface DueAlert {
  readonly facts: AlertFacts;
  readonly timestampMs: number;
}

/** What outlives the process, a check. */
export interface AlertMemory {
  readonly standing: Standing;
  /** Decided and stored, not yet known to be on the bus. */
  readonly due: readonly DueAlert[];
}

export const NOTHING_KNOWN: AlertMemory = { standing: {}, due: [] };
