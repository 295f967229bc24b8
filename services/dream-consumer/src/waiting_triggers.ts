/** Triggers in the journal that still wait for this consumer. */
import type { Bus } from "@kloros/bus-client";
import { DreamTrigger } from "@kloros/signal-schema";
import type { TriggerFacts } from "./decide.ts";
import type { WaitingTrigger } from "./absorb.ts";

const PAGE = 200;
/** What waits beyond them gets cycles of its own. */
const PAGES_MAX = 20;

/** Stored after `afterSeq`, oldest first. */
export async function readWaiting(
  bus: Pick<Bus, "read">,
  consumer: string,
  afterSeq: number,
): Promise<readonly WaitingTrigger[]> {
  const found: WaitingTrigger[] = [];
  let after = afterSeq;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { items, next } = await bus.read({ signals: [DreamTrigger.name], afterSeq: after, limit: PAGE });
    for (const { seq, envelope, deliveries } of items) {
      const state = deliveries.find((one) => one.consumer === consumer)?.state;
      if (state !== "ready" && state !== "waiting") continue;
      found.push({ id: envelope.id, seq, facts: envelope.facts as TriggerFacts });
    }
    if (next === null) break;
    after = next;
  }
  return found;
}

/** Of the newest trigger in the journal; 0: there is none. */
export async function newestSeq(bus: Pick<Bus, "read">): Promise<number> {
  const { items } = await bus.read({ signals: [DreamTrigger.name], order: "newest", limit: 1 });
  return items[0]?.seq ?? 0;
}
