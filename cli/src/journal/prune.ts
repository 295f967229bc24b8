/** Retention now: step by step, so that a bus that works is not kept from it. */
import type { Bus } from "@kloros/bus-client";
import type { RetentionLimits } from "@kloros/journal";

/** Returns how many went. */
export async function pruneJournal(bus: Pick<Bus, "admin">, limits: RetentionLimits): Promise<number> {
  let purged = 0;
  for (let after: number | null = 0; after !== null;) {
    const step: { purged: number; next: number | null } = await bus.admin("pruneJournal", {
      ...limits,
      after,
    });
    purged += step.purged;
    after = step.next;
  }
  return purged;
}
