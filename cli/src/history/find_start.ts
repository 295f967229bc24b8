/** Where in the history a reader begins. */
import { newestSeq, PAGE, type Reading, type SignalFilter } from "./read_on.ts";

export interface StartRequest {
  /** At most so many of the newest that match; undefined: all. */
  readonly count: number | undefined;
  /** None that was stored before this, UTC ms. */
  readonly sinceMs: number | undefined;
}

/** The number behind which to read. */
export async function findStart(bus: Reading, filter: SignalFilter, request: StartRequest): Promise<number> {
  const head = await newestSeq(bus);
  const byTime = request.sinceMs === undefined ? 0 : await lastBefore(bus, request.sinceMs, head);
  const byCount = request.count === undefined ? 0 : await startOfNewest(bus, filter, request.count, head);
  return Math.max(byTime, byCount);
}

async function startOfNewest(
  bus: Reading,
  filter: SignalFilter,
  count: number,
  head: number,
): Promise<number> {
  let left = count;
  let beforeSeq = head + 1;
  while (left > 0) {
    const limit = Math.min(left, PAGE);
    const page = await bus.read({ ...filter, order: "newest", beforeSeq, limit });
    const oldest = page.items.at(-1);
    if (oldest === undefined) return 0;
    left -= page.items.length;
    beforeSeq = oldest.seq;
    if (page.next === null) break;
  }
  return beforeSeq - 1;
}

/** Number of the last signal stored before a moment, by bisection: time rises with the number, but for clocks that are set. */
async function lastBefore(bus: Reading, sinceMs: number, head: number): Promise<number> {
  let low = 0;
  let high = head;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [item] = (await bus.read({ afterSeq: middle - 1, limit: 1, order: "oldest" })).items;
    if (item === undefined || item.storedAt >= sinceMs) high = middle - 1;
    else low = Math.min(item.seq, high);
  }
  return low;
}
