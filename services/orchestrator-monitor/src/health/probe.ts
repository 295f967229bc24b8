/** What a probe is: one kind of condition that is read. It decides nothing; `alert_check.ts` makes a check of it. */
import type { Envelope, SignalDefinition } from "@kloros/signal-schema";
import type { Reading, Standing } from "./alert.ts";

export interface Probe {
  /** Snake case; name of the check and of its part of the memory: never renamed. */
  readonly name: string;
  /** Looks in a row that it has to be worse, or better, before that counts. Default 1. */
  readonly looks?: number;
  readonly signals?: readonly SignalDefinition[];
  /** Undefined: it cannot be said now (the bus is away, maintenance is on); all stays as it was told. */
  read(now: ProbeMoment): Promise<readonly Reading[] | undefined>;
}

export interface ProbeMoment {
  /** UTC. */
  readonly nowMs: number;
  /** What it raised and has not cleared. */
  readonly standing: Standing;
  /** Signals that arrived since the last look; the same may come again. */
  readonly signals: readonly Envelope[];
}
