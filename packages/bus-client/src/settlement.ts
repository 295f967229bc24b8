import type { SettleItem, SettleResult } from "@kloros/journal";
import { type Ambient, backoffMs } from "./ambient.ts";
import type { Link } from "./link.ts";
import type { Judged, Outcome } from "./outcome.ts";
import type { Work } from "./work.ts";

interface Entry {
  readonly work: Work;
  readonly judged: Judged;
}

export interface SettlementEvents {
  /** The journal has it. */
  settled(work: Work, judged: Judged): void;
  /** The lease was not ours any more; nothing of it was written. */
  gone(work: Work): void;
  /** After the batches of a tick went out: the moment for new credit. */
  flushed(): void;
}

const BUSY_BACKOFF = { firstMs: 50, maxMs: 2000 } as const;

/**
 * Collects the outcomes of one tick and hands them over together. A refused item becomes a dead letter with the reason; a busy
 * one is tried again until the lease is lost.
 */
export class Settlement {
  readonly #consumer: string;
  readonly #link: Link;
  readonly #ambient: Ambient;
  readonly #events: SettlementEvents;
  #queue: Entry[] = [];
  #scheduled = false;
  #busyAttempt = 0;

  constructor(consumer: string, link: Link, ambient: Ambient, events: SettlementEvents) {
    this.#consumer = consumer;
    this.#link = link;
    this.#ambient = ambient;
    this.#events = events;
  }

  add(work: Work, judged: Judged): void {
    this.#queue.push({ work, judged });
    this.schedule();
  }

  /** A flush at the end of this tick. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    const batch = queue.filter((entry) => entry.work.phase !== "lost");
    if (batch.length > 0) void this.#send(batch);
    this.#events.flushed();
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    const items = batch.map(({ work, judged }): SettleItem => ({ ...work.lease, outcome: judged.outcome }));
    let results: readonly SettleResult[];
    try {
      results = await this.#link.settle(this.#consumer, items);
    } catch {
      // Only a link that ended for good rejects; the leases are the journal's again.
      for (const { work } of batch) if (work.phase !== "lost") this.#events.gone(work);
      return;
    }
    const busy: Entry[] = [];
    for (const [index, entry] of batch.entries()) {
      const result = results[index] ?? { status: "gone" };
      if (entry.work.phase === "lost") continue;
      if (result.status === "busy") busy.push(entry);
      else this.#take(entry, result);
    }
    this.#retryLater(busy);
  }

  #take(entry: Entry, result: Exclude<SettleResult, { status: "busy" }>): void {
    const { work, judged } = entry;
    switch (result.status) {
      case "ok":
        this.#events.settled(work, judged);
        return;
      case "gone":
        this.#events.gone(work);
        return;
      case "refused":
        this.add(work, refused(judged, `${result.code}: ${result.text}`));
    }
  }

  #retryLater(busy: readonly Entry[]): void {
    if (busy.length === 0) {
      this.#busyAttempt = 0;
      return;
    }
    const delay = backoffMs(this.#busyAttempt++, this.#ambient.random(), BUSY_BACKOFF);
    this.#ambient.after(delay, () => {
      for (const { work, judged } of busy) this.add(work, judged);
    });
  }
}

/** A refused dead letter cannot be refused for its emissions: then it goes back instead of turning in a circle. */
function refused(judged: Judged, error: string): Judged {
  const outcome: Outcome =
    judged.outcome.kind === "done"
      ? { kind: "dead", reason: "invalid", error: `the bus refused what was emitted: ${error}` }
      : { kind: "release" };
  return { outcome, emitted: [], error: new Error(error) };
}
