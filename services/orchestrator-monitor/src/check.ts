/**
 * What a check is: one condition, looked at in its own interval and at once when something it depends on changes.
 * A new check is a directory of its own, named in checks.ts.
 */
import type { Envelope, SignalDefinition } from "@kloros/signal-schema";

export interface Check {
  /** Snake case; appears in logs and metrics. */
  readonly name: string;
  /** From the end of one look to the next, ms. */
  readonly intervalMs: number;
  readonly watches: {
    /** Absolute paths; a file that is replaced or does not exist yet is watched all the same. */
    readonly files: readonly string[];
    /** Absolute paths of directories whose `*.json` files it looks at; like `files`, they need not exist. */
    readonly directories?: readonly string[];
    readonly signals: readonly SignalDefinition[];
  };
  /** How long a change waits for others that share its look, ms. Default 100: not noticed, and a burst costs few looks. */
  readonly gatherMs?: number;
  /** Never two at once. An error is logged and counted; the signals that caused the look are delivered again. */
  run(look: Look): Promise<Findings>;
}

/** Why a check is run now. */
export interface Look {
  /** Signals it watches that arrived since the last look; empty when time or a file caused it. */
  readonly signals: readonly Envelope[];
}

export interface Findings {
  readonly advisories: readonly Envelope[];
  /** Called when all advisories are on the bus. */
  readonly published?: () => Promise<void>;
  /** Look again this soon, ms: something is about to settle. */
  readonly againInMs?: number;
}
