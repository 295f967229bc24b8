/**
 * The files that wait to be routed, most urgent first, then oldest first.
 *
 * Holds names and two numbers a file, never contents: 44,638 waiting files cost a few megabytes.
 */

export interface Waiting {
  /** Path below the intents directory. */
  readonly path: string;
  /** 0 is the most urgent. */
  readonly rank: number;
  /** When it was last written, ms. */
  readonly writtenMs: number;
}

interface Lane {
  items: Waiting[];
  head: number;
  sorted: boolean;
}

export class WaitingLine {
  readonly #lanes: Lane[];
  readonly #paths = new Set<string>();

  constructor(ranks: number) {
    this.#lanes = Array.from({ length: ranks }, () => ({ items: [], head: 0, sorted: true }));
  }

  get size(): number {
    return this.#paths.size;
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** A path that waits already keeps its place. */
  add(waiting: Waiting): void {
    if (this.#paths.has(waiting.path)) return;
    const lane = this.#lanes[Math.min(waiting.rank, this.#lanes.length - 1)];
    if (lane === undefined) throw new RangeError("a waiting line needs at least one rank");
    const last = lane.items.at(-1);
    if (last !== undefined && comparePlace(last, waiting) > 0) lane.sorted = false;
    lane.items.push(waiting);
    this.#paths.add(waiting.path);
  }

  /** Takes up to `count` out, of ranks up to `rankMax` only. */
  take(count: number, rankMax = Number.POSITIVE_INFINITY): readonly Waiting[] {
    const taken: Waiting[] = [];
    for (const [rank, lane] of this.#lanes.entries()) {
      if (rank > rankMax) break;
      takeFrom(lane, count - taken.length, taken);
    }
    for (const { path } of taken) this.#paths.delete(path);
    return taken;
  }

  clear(): void {
    for (const lane of this.#lanes) Object.assign(lane, { items: [], head: 0, sorted: true });
    this.#paths.clear();
  }
}

function takeFrom(lane: Lane, count: number, into: Waiting[]): void {
  if (count <= 0 || lane.head === lane.items.length) return;
  if (!lane.sorted) {
    lane.items = lane.items.slice(lane.head).toSorted(comparePlace);
    lane.head = 0;
    lane.sorted = true;
  }
  const end = Math.min(lane.items.length, lane.head + count);
  for (; lane.head < end; lane.head += 1) {
    const item = lane.items[lane.head];
    if (item !== undefined) into.push(item);
  }
  if (lane.head === lane.items.length) Object.assign(lane, { items: [], head: 0 });
}

/** By age; equal ages by path, so that the order is the same each time. */
function comparePlace(a: Waiting, b: Waiting): number {
  if (a.writtenMs !== b.writtenMs) return a.writtenMs - b.writtenMs;
  if (a.path === b.path) return 0;
  return a.path < b.path ? -1 : 1;
}
