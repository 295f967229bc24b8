/** What the criteria of a phase are judged by. `unknown`: it could not be measured, and why. */
import type { Migrated, Role } from "./phases.ts";

export type Known<T> = { readonly known: T } | { readonly unknown: string };

export interface ServiceLook {
  readonly name: Migrated;
  /** What it may do in this phase. */
  readonly role: Role;
  /** systemd's ActiveState. */
  readonly active: string;
  /** What it says itself; null: it does not answer. */
  readonly mode: string | null;
  /** Why it cannot work; empty: it can. */
  readonly notReady: string;
  /** How often systemd had to start it again. */
  readonly restarts: number;
}

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Measured {
  readonly services: readonly ServiceLook[];
  /** Log lines of level error or worse, since the phase began. */
  readonly errors: Known<{ readonly count: number; readonly sample: string }>;
  readonly deadLetters: Known<number>;
  /** Differences that the audit found. */
  readonly audit: Known<number>;
  /** The router in observe mode, since it started. */
  readonly translated: Known<{ readonly signals: number; readonly wouldReject: number }>;
  /** Intents that wait in the directory now. */
  readonly waiting: { readonly count: number; readonly oldestMs: number };
  /** From the file's last write to the signal on disk. */
  readonly latency: Known<Latencies>;
  /** Modules that ours entered into the registry, and those that were entered more than once by anybody. */
  readonly integrated: Known<{ readonly ours: number; readonly failed: number; readonly twice: number }>;
  /** Lines of the log of integrations in this phase, and in as much time before it. */
  readonly rate: Known<{ readonly since: number; readonly before: number }>;
  readonly advisories: Known<number>;
  /** Critical alerts that stand. */
  readonly critical: Known<readonly string[]>;
  readonly dream: Known<{ readonly triggers: number; readonly overdue: number; readonly timeouts: number }>;
  /** Of one core, percent, since the services started. */
  readonly cpuPercent: Known<number>;
}
