/** The history of signals, forwards and by sequence number: in this order nothing can be missed or seen twice. */
import type { Bus } from "@kloros/bus-client";
import type { ReadQuery, StoredSignal } from "@kloros/journal";

export type SignalFilter = Pick<ReadQuery, "signals" | "sources" | "trace">;
export type Reading = Pick<Bus, "read">;

/** Everything with a number up to this was looked at. */
export interface Position {
  afterSeq: number;
}

export const PAGE = 500;

/** Number of the newest signal; 0 when there is none. */
export async function newestSeq(bus: Reading): Promise<number> {
  const page = await bus.read({ order: "newest", limit: 1 });
  return page.items[0]?.seq ?? 0;
}

/** What matches behind `position`, oldest first, and moves `position` behind all that was looked at. */
export async function* readOn(
  bus: Reading,
  filter: SignalFilter,
  position: Position,
): AsyncGenerator<StoredSignal> {
  // First: what is stored later may match, and must be found by the next look.
  const head = await newestSeq(bus);
  if (head <= position.afterSeq) return;
  for (;;) {
    const query = { ...filter, afterSeq: position.afterSeq, limit: PAGE, order: "oldest" } as const;
    const page = await bus.read(query);
    for (const item of page.items) {
      position.afterSeq = item.seq;
      yield item;
    }
    if (page.next === null || page.items.length === 0) break;
  }
  position.afterSeq = Math.max(position.afterSeq, head);
}
