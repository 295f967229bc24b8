/** Remembers what signals were said, so that a later one can be shown as an effect with its latency. Bounded. */
import type { Envelope } from "@kloros/signal-schema";

export interface ChainPlace {
  /** 0 for a signal that nothing known led to. */
  readonly depth: number;
  /** Since the signal that led to it, ms; undefined when that is not known or not stated. */
  readonly sinceCauseMs: number | undefined;
  /** Since the first signal of the chain, ms; undefined where it is the same as `sinceCauseMs` or not known. */
  readonly sinceRootMs: number | undefined;
  /** Short mark of the chain: the same for all signals that followed from one. */
  readonly mark: string;
}

interface Remembered {
  readonly atMs: number;
  readonly rootMs: number;
  readonly depth: number;
  readonly mark: string;
}

const REMEMBERED_MAX = 20_000;
const MARK_LENGTH = 4;

export class ChainMemory {
  readonly #known = new Map<string, Remembered>();
  readonly #max: number;

  constructor(max: number = REMEMBERED_MAX) {
    this.#max = max;
  }

  place(signal: Envelope): ChainPlace {
    const atMs = Date.parse(signal.timestamp);
    const cause = signal.cause === undefined ? undefined : this.#known.get(signal.cause);
    const depth = cause === undefined ? signal.hops : cause.depth + 1;
    const rootMs = cause?.rootMs ?? atMs;
    // A signal that starts a chain of its own and names a cause (an advisory) is shown where it came from.
    const mark = cause?.mark ?? signal.trace.slice(-MARK_LENGTH);
    this.#remember(signal.id, { atMs, rootMs, depth, mark });
    const sinceCauseMs = cause === undefined ? undefined : Math.max(0, atMs - cause.atMs);
    const sinceRootMs = cause === undefined || cause.depth === 0 ? undefined : Math.max(0, atMs - rootMs);
    return { depth, sinceCauseMs, sinceRootMs, mark };
  }

  #remember(id: string, place: Remembered): void {
    this.#known.set(id, place);
    if (this.#known.size <= this.#max) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
