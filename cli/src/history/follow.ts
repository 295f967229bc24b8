/**
 * What is said from a point of the history on, without end.
 *
 * The history is the truth: every stored signal is read from it by number, so there is no gap and nothing twice between
 * old and new, after a reconnect, or when the reader is slow (what waits, waits in the journal). The live feed only wakes
 * this reader, and brings what is not stored at all.
 */
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";
import { type Envelope, findSignal } from "@kloros/signal-schema";
import { type Position, readOn, type SignalFilter } from "./read_on.ts";

export interface FollowOptions {
  readonly filter: SignalFilter;
  readonly afterSeq: number;
  readonly abort: AbortSignal;
  /** The live feed may lose a wake-up: looks by itself this often, ms. */
  readonly pollMs?: number;
}

export type Followed =
  | { readonly kind: "stored"; readonly item: StoredSignal }
  /** Announced, not stored. */
  | { readonly kind: "live"; readonly envelope: Envelope }
  /** So many of the live ones could not be held for a slow reader. */
  | { readonly kind: "lost"; readonly count: number };

const POLL_MS = 1000;
/** Live ones that may wait for a slow reader. */
const LIVE_WAITING_MAX = 1000;

export async function* follow(
  bus: Pick<Bus, "read" | "tap">,
  options: FollowOptions,
): AsyncGenerator<Followed> {
  const { filter, abort, pollMs = POLL_MS } = options;
  const waiting = new LiveWaiting();
  const tap = await bus.tap(filter.signals === undefined ? {} : { signals: filter.signals }, (signal) => {
    if (!matches(filter, signal)) return;
    if (findSignal(signal.signal)?.delivery === "live") waiting.add(signal);
    else waiting.wake();
  });
  try {
    const position: Position = { afterSeq: options.afterSeq };
    while (!abort.aborted) {
      for await (const item of readOn(bus, filter, position)) yield { kind: "stored", item };
      yield* waiting.take();
      await waiting.someSignal(pollMs, abort);
    }
  } finally {
    await tap.close();
  }
}

export function matches({ signals, sources, trace }: SignalFilter, signal: Envelope): boolean {
  return (
    (signals === undefined || signals.includes(signal.signal)) &&
    (sources === undefined || sources.includes(signal.source)) &&
    (trace === undefined || signal.trace === trace)
  );
}

class LiveWaiting {
  #signals: Envelope[] = [];
  #lost = 0;
  #woken = false;
  #wake: (() => void) | undefined;

  add(signal: Envelope): void {
    if (this.#signals.length < LIVE_WAITING_MAX) this.#signals.push(signal);
    else this.#lost += 1;
    this.wake();
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  *take(): Generator<Followed> {
    const signals = this.#signals;
    const count = this.#lost;
    this.#signals = [];
    this.#lost = 0;
    for (const envelope of signals) yield { kind: "live", envelope };
    if (count > 0) yield { kind: "lost", count };
  }

  /** Resolves when something was said since the last call, after `ms`, or when aborted. */
  async someSignal(ms: number, abort: AbortSignal): Promise<void> {
    if (!this.#woken && !abort.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      abort.addEventListener("abort", () => resolve(), { once: true });
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
    this.#wake = undefined;
    this.#woken = false;
  }
}
