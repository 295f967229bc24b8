/**
 * Publishing: validate, buffer, coalesce, resend what the bus was too busy for.
 *
 * Invariants: order of the calls is the order on the wire; the buffer never holds more than its bounds (waiting and unanswered
 * together); a batch is at most `batchMax` envelopes and about `batchBytes`; what is invalid never leaves.
 */
import type { PublishResult } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { type Ambient, backoffMs } from "./ambient.ts";
import { outbound } from "./envelope_text.ts";
import { BusyError } from "./errors.ts";
import type { Link } from "./link.ts";
import { PROTOCOL_LIMITS } from "./protocol.ts";

export interface PublisherLimits {
  /** Buffered envelopes, unanswered ones included. */
  readonly bufferMax: number;
  /** Their JSON text, bytes. */
  readonly bufferBytesMax: number;
  /** Unanswered messages; while that many are out, the next batch grows. */
  readonly windowMax: number;
}

export const PUBLISHER_LIMITS: PublisherLimits = {
  bufferMax: 20_000,
  bufferBytesMax: 16 * 1024 * 1024,
  windowMax: 8,
};

const BUSY_BACKOFF = { firstMs: 50, maxMs: 2000 } as const;

interface Call {
  readonly results: PublishResult[];
  open: number;
  over: boolean;
  /** Stops listening to the caller's abort signal. */
  unlisten: () => void;
  readonly resolve: (results: readonly PublishResult[]) => void;
  readonly reject: (error: Error) => void;
}

interface Item {
  readonly text: string;
  readonly sizeBytes: number;
  readonly call: Call;
  readonly index: number;
}

export class Publisher {
  readonly #link: Link;
  readonly #ambient: Ambient;
  readonly #limits: PublisherLimits;
  #queue: Item[] = [];
  #busy: Item[] = [];
  #buffered = 0;
  #bufferedBytes = 0;
  #inFlight = 0;
  #scheduled = false;
  #pausing = false;
  #busyAttempt = 0;
  #closed: Error | undefined;

  constructor(link: Link, ambient: Ambient, limits: PublisherLimits) {
    this.#link = link;
    this.#ambient = ambient;
    this.#limits = limits;
  }

  get buffered(): number {
    return this.#buffered;
  }

  publish(envelopes: readonly Envelope[], abort?: AbortSignal): Promise<readonly PublishResult[]> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (abort?.aborted === true) return Promise.reject(reasonOf(abort));
    if (envelopes.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#admit(
        envelopes,
        { results: [], open: 0, over: false, unlisten: () => undefined, resolve, reject },
        abort,
      );
    });
  }

  /** Nothing is accepted any more; what waits is rejected. */
  close(error: Error): void {
    this.#closed = error;
    for (const item of [...this.#busy.splice(0), ...this.#queue.splice(0)]) this.#fail(item, error);
  }

  #admit(envelopes: readonly Envelope[], call: Call, abort: AbortSignal | undefined): void {
    const items: Item[] = [];
    let bytes = 0;
    for (const [index, envelope] of envelopes.entries()) {
      const checked = outbound(envelope);
      if (checked.ok) {
        items.push({ text: checked.text, sizeBytes: checked.sizeBytes, call, index });
        bytes += checked.sizeBytes;
      } else {
        call.results[index] = { status: "invalid", code: checked.code, text: checked.text };
      }
    }
    const refusal = this.#noRoomFor(items.length, bytes);
    if (refusal !== undefined) {
      call.reject(refusal);
      return;
    }
    call.open = items.length;
    if (items.length === 0) {
      call.resolve(call.results);
      return;
    }
    this.#buffered += items.length;
    this.#bufferedBytes += bytes;
    this.#queue.push(...items);
    if (abort !== undefined) this.#abortWith(abort, call);
    this.#schedule();
  }

  #noRoomFor(count: number, bytes: number): BusyError | undefined {
    const { bufferMax, bufferBytesMax } = this.#limits;
    if (this.#buffered + count <= bufferMax && this.#bufferedBytes + bytes <= bufferBytesMax)
      return undefined;
    return new BusyError(
      `publish of ${String(count)} signals (${String(bytes)} bytes) does not fit: ${String(this.#buffered)} of ` +
        `${String(bufferMax)} signals and ${String(this.#bufferedBytes)} of ${String(bufferBytesMax)} bytes wait for ` +
        `the bus; keep them and publish again when earlier calls have resolved`,
    );
  }

  #abortWith(abort: AbortSignal, call: Call): void {
    const stop = () => {
      if (call.over) return;
      call.over = true;
      call.reject(reasonOf(abort));
      const mine = (item: Item) => item.call === call;
      for (const item of [...this.#queue, ...this.#busy].filter(mine)) this.#free(item);
      this.#queue = this.#queue.filter((item) => !mine(item));
      this.#busy = this.#busy.filter((item) => !mine(item));
    };
    abort.addEventListener("abort", stop, { once: true });
    call.unlisten = () => {
      abort.removeEventListener("abort", stop);
    };
  }

  /** Calls of one tick travel together; while the window is full, those of many ticks do. */
  #schedule(): void {
    if (this.#scheduled || this.#pausing || this.#inFlight >= this.#limits.windowMax) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#queue.length > 0 && this.#inFlight < this.#limits.windowMax && !this.#pausing) {
      void this.#send(this.#takeBatch());
    }
  }

  #takeBatch(): Item[] {
    let bytes = 0;
    let end = 0;
    for (const item of this.#queue) {
      bytes += item.sizeBytes;
      if (end > 0 && (end >= PROTOCOL_LIMITS.batchMax || bytes > PROTOCOL_LIMITS.batchBytes)) break;
      end++;
    }
    return this.#queue.splice(0, end);
  }

  async #send(batch: readonly Item[]): Promise<void> {
    this.#inFlight++;
    try {
      const results = await this.#link.publish(batch.map((item) => item.text));
      for (const [index, item] of batch.entries()) this.#take(item, results[index]);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const item of batch) this.#fail(item, failure);
    } finally {
      this.#inFlight--;
      this.#pauseIfBusy();
      this.#flush();
    }
  }

  #take(item: Item, result: PublishResult | undefined): void {
    if (result === undefined || result.status === "busy") {
      if (item.call.over) this.#free(item);
      else if (this.#closed === undefined) this.#busy.push(item);
      else this.#fail(item, this.#closed);
      return;
    }
    this.#free(item);
    const { call } = item;
    call.results[item.index] = result;
    call.open--;
    if (call.open > 0 || call.over) return;
    call.over = true;
    call.unlisten();
    call.resolve(call.results);
  }

  /** Busy items go first when the pause ends, in their order: answers come in the order of the batches. */
  #pauseIfBusy(): void {
    if (this.#busy.length === 0) {
      if (!this.#pausing) this.#busyAttempt = 0;
      return;
    }
    if (this.#pausing) return;
    this.#pausing = true;
    this.#ambient.after(backoffMs(this.#busyAttempt++, this.#ambient.random(), BUSY_BACKOFF), () => {
      this.#pausing = false;
      this.#queue.unshift(...this.#busy.splice(0));
      this.#flush();
    });
  }

  #fail(item: Item, error: Error): void {
    this.#free(item);
    if (item.call.over) return;
    item.call.over = true;
    item.call.unlisten();
    item.call.reject(error);
  }

  #free(item: Item): void {
    this.#buffered--;
    this.#bufferedBytes -= item.sizeBytes;
  }
}

function reasonOf(abort: AbortSignal): Error {
  return abort.reason instanceof Error ? abort.reason : new DOMException("publish was aborted", "AbortError");
}
