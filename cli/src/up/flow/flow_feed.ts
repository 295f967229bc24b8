/**
 * Every signal of this run once: the live tap brings it at once, the history brings what the tap did not (said before the
 * tap stood, lost by it, or while the bus was away).
 */
import type { Bus, Tap } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";

const PAGE = 500;
/** Ids of signals that were shown: enough for all that can be between the tap and the history. */
const SHOWN_MAX = 100_000;

export class FlowFeed {
  readonly #bus: Pick<Bus, "tap" | "read">;
  readonly #onSignal: (signal: Envelope) => void;
  readonly #shown = new Set<string>();
  #afterSeq = 0;
  #tap: Tap | undefined;
  #reading: Promise<void> | undefined;
  #count = 0;

  constructor(bus: Pick<Bus, "tap" | "read">, onSignal: (signal: Envelope) => void) {
    this.#bus = bus;
    this.#onSignal = onSignal;
  }

  /** Signals that were handed on. */
  get count(): number {
    return this.#count;
  }

  /** `afterSeq`: the last signal that is not of this run. */
  async start(afterSeq: number): Promise<void> {
    this.#afterSeq = afterSeq;
    this.#tap = await this.#bus.tap({}, (signal) => {
      // What observe mode only shows comes from the services' logs, which miss none.
      if (signal["dry"] !== true) this.#hand(signal);
    });
  }

  /** Reads on in the history; one reader at a time. Rejects when the bus cannot be read. */
  async catchUp(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async stop(): Promise<void> {
    await this.#tap?.close();
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const page = await this.#bus.read({ afterSeq: this.#afterSeq, limit: PAGE, order: "oldest" });
      for (const { envelope } of page.items) this.#hand(envelope);
      this.#afterSeq = page.items.at(-1)?.seq ?? this.#afterSeq;
      if (page.next === null || page.items.length === 0) return;
    }
  }

  #hand(signal: Envelope): void {
    if (this.#shown.has(signal.id)) return;
    this.#shown.add(signal.id);
    if (this.#shown.size > SHOWN_MAX) {
      const [oldest] = this.#shown;
      if (oldest !== undefined) this.#shown.delete(oldest);
    }
    this.#count += 1;
    this.#onSignal(signal);
  }
}
