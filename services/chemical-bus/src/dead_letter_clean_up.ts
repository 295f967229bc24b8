/** Forgets dead letters after 30 days, in small steps; `failed_signals.jsonl` keeps their lines. */
import type { Broker } from "@kloros/journal";

/** DESIGN 5.4. */
const KEPT_MS = 30 * 86_400_000;
/** A step's transaction takes a few milliseconds. */
const STEP = 100;
/** Of what waits behind the limit, so much is dealt with in one go. */
const STEPS_MAX = 20;

export interface CleanedUp {
  readonly purged: number;
  /** How many of them nobody had dealt with. */
  readonly dropped: number;
}

export async function cleanUp(broker: Pick<Broker, "admin" | "wallMs">): Promise<CleanedUp> {
  const before = broker.wallMs() - KEPT_MS;
  let purged = 0;
  let dropped = 0;
  for (let step = 0; step < STEPS_MAX; step++) {
    const done = await broker.admin("purgeDeadLetters", { before, limit: STEP });
    purged += done.purged;
    dropped += done.dropped;
    if (done.purged < STEP) break;
  }
  return { purged, dropped };
}
