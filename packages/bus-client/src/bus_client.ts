/** The one Bus of every transport: publisher and consumption runners over a link. */
import type { AdminOp, AdminOps, Page, PublishResult, ReadQuery } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import type { Ambient } from "./ambient.ts";
import { ConsumptionRunner } from "./consumption.ts";
import { inbound } from "./envelope_text.ts";
import { DeniedError, RetryableError } from "./errors.ts";
import type { Link } from "./link.ts";
import { Publisher, type PublisherLimits } from "./publisher.ts";
import type { Bus, BusState, ConsumeOptions, Consumption, Handler, Tap, TapFilter } from "./types.ts";

const PING_TIMEOUT_MS = 5000;

export class BusClient implements Bus {
  readonly #link: Link;
  readonly #ambient: Ambient;
  readonly #publisher: Publisher;
  readonly #consumptions = new Map<string, ConsumptionRunner>();
  readonly #listeners = new Set<(state: BusState, why: string) => void>();
  #state: BusState = "connecting";

  constructor(link: Link, ambient: Ambient, limits: PublisherLimits) {
    this.#link = link;
    this.#ambient = ambient;
    this.#publisher = new Publisher(link, ambient, limits);
    link.start({
      deliver: (deliveries) => {
        for (const [consumer, own] of byConsumer(deliveries)) this.#consumptions.get(consumer)?.deliver(own);
      },
      gone: (consumer, seqs) => this.#consumptions.get(consumer)?.gone(seqs),
      reattached: (consumer, result) => this.#consumptions.get(consumer)?.reattached(result),
      state: (state, why, error) => {
        this.#changeState(state, why, error);
      },
    });
  }

  get state(): BusState {
    return this.#state;
  }

  onState(listener: (state: BusState, why: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(
    envelopes: readonly Envelope[],
    options?: { readonly abort?: AbortSignal },
  ): Promise<readonly PublishResult[]> {
    return this.#publisher.publish(envelopes, options?.abort);
  }

  async consume(options: ConsumeOptions, handler: Handler): Promise<Consumption> {
    const { name } = options;
    if (this.#consumptions.has(name)) {
      throw new DeniedError("consumer_held", `this process consumes as ${name} already`, process.pid);
    }
    const runner = new ConsumptionRunner(options, handler, this.#link, this.#ambient);
    this.#consumptions.set(name, runner);
    const forget = () => {
      if (this.#consumptions.get(name) === runner) this.#consumptions.delete(name);
    };
    runner.ended.then(forget, forget);
    try {
      await runner.attach();
    } catch (error) {
      forget();
      throw error;
    }
    return runner;
  }

  tap(filter: TapFilter, onSignal: (signal: Envelope) => void): Promise<Tap> {
    return this.#link.tap(filter.signals, (_name, body) => {
      const read = inbound(body);
      if (read.ok) onSignal(read.envelope);
    });
  }

  read(query: ReadQuery): Promise<Page> {
    return this.#link.read(query);
  }

  admin<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]> {
    return this.#link.admin(op, request);
  }

  ping(options?: { readonly timeoutMs?: number }): Promise<number> {
    return this.#link.ping(options?.timeoutMs ?? PING_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    await Promise.all(Array.from(this.#consumptions.values(), (runner) => runner.handBack(0)));
    await this.#link.close();
    this.#changeState("closed", "closed by this process");
  }

  #changeState(state: BusState, why: string, error?: Error): void {
    if (this.#state === "closed" || (this.#state === state && state !== "connecting")) return;
    this.#state = state;
    if (state === "closed") {
      this.#publisher.close(error ?? new RetryableError("closed", `the bus connection is closed: ${why}`));
      for (const runner of this.#consumptions.values()) runner.finish(why, error);
    }
    for (const listener of this.#listeners) listener(state, why);
  }
}

function byConsumer<T extends { readonly consumer: string }>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const first = items[0]?.consumer;
  if (first === undefined) return new Map();
  if (items.every((item) => item.consumer === first)) return new Map([[first, items]]);
  return Map.groupBy(items, (item) => item.consumer);
}
