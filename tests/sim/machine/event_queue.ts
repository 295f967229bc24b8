/**
 * What will happen, in the order in which it will: by time, then in an order that the seed chooses between owners and that is
 * first come, first served within one.
 */
export interface Owner {
  /** Chosen by the seed. */
  readonly salt: number;
}

export interface PlannedEvent {
  readonly at: number;
  readonly tie: number;
  readonly n: number;
  readonly owner: Owner | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

export class EventQueue {
  readonly #heap: PlannedEvent[] = [];
  #n = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** `at`: µs. */
  add(at: number, owner: Owner | undefined, run: () => void): PlannedEvent {
    const event = { at, tie: mixed(at, owner?.salt ?? 0), n: ++this.#n, owner, run, cancelled: false };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as PlannedEvent;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
    return event;
  }

  /** When the next one is, µs. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  take(): PlannedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as PlannedEvent, heap[child] as PlannedEvent))
        child = right;
      const below = heap[child] as PlannedEvent;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: PlannedEvent, b: PlannedEvent): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.tie === b.tie ? a.n < b.n : a.tie < b.tie;
}

/** Who is first at this moment; another owner at the next. */
function mixed(at: number, salt: number): number {
  const mix = Math.imul((at ^ salt) | 1, 0x9e3779b1);
  return (mix ^ (mix >>> 15)) >>> 0;
}
