/** What retention would take away now, without taking it. */
import { type RetentionLimits, purgeable } from "./retention.ts";
import { withReadOnly } from "../start/start_check.ts";

export interface Pruneable {
  readonly signals: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
}

/** `nowMs`: UTC. Read-only, while the bus runs or not. */
export function pruneable(path: string, limits: RetentionLimits, nowMs: number): Pruneable {
  return withReadOnly(path, (db) => {
    let [signals, firstSeq, lastSeq]: [number, number | null, number | null] = [0, null, null];
    for (const { seq } of purgeable(db, limits, nowMs)) {
      signals += 1;
      firstSeq ??= seq;
      lastSeq = seq;
    }
    return { signals, firstSeq, lastSeq };
  });
}
