/** The in-process transport: a journal session without any wire. The reference that the others are compared with. */
import type {
  AdminOp,
  AdminOps,
  AttachResult,
  Broker,
  ConsumerSpec,
  HeldLease,
  Page,
  PublishResult,
  ReadQuery,
  Session,
  SessionInfo,
  SettleItem,
  SettleResult,
} from "@kloros/journal";
import { PROTOCOL_LIMITS } from "./protocol.ts";
import type { LaneTotals, Link, LinkEvents } from "./link.ts";
import type { Tap } from "./types.ts";

/** What this link needs of the journal's broker. */
export type LocalBroker = Pick<Broker, "open" | "admin" | "read" | "onLive" | "tick">;

/** Often enough for retries and leases (the broker asks for at least every 250 ms). */
const TICK_MS = 50;

export interface LocalLinkOptions {
  readonly info: SessionInfo;
  /** The link drives `broker.tick()`. Off where the host or a simulation does. */
  readonly ticking: boolean;
}

export class LocalLink implements Link {
  readonly #broker: LocalBroker;
  readonly #options: LocalLinkOptions;
  readonly #taps = new Set<() => void>();
  #events: LinkEvents | undefined;
  #session: Session | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(broker: LocalBroker, options: LocalLinkOptions) {
    this.#broker = broker;
    this.#options = options;
  }

  start(events: LinkEvents): void {
    this.#events = events;
    this.#session = this.#broker.open(this.#options.info, {
      deliver: (deliveries) => {
        events.deliver(deliveries);
      },
      gone: (consumer, seqs) => {
        events.gone(consumer, seqs);
      },
      closed: (reason) => {
        this.#stop();
        events.state("closed", reason);
      },
    });
    if (this.#options.ticking) {
      this.#ticker = setInterval(() => {
        this.#broker.tick();
      }, TICK_MS);
    }
    events.state("connected", "in this process");
  }

  attach(spec: ConsumerSpec, held: () => readonly HeldLease[]): Promise<AttachResult> {
    return this.#open().attach(spec, held());
  }

  forget(): void {
    // Without reconnects there is nothing to remember.
  }

  credit(consumer: string, totals: LaneTotals): void {
    this.#session?.credit(consumer, "urgent", totals.urgent);
    this.#session?.credit(consumer, "normal", totals.normal);
  }

  async settle(consumer: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]> {
    return this.#open().settle(consumer, items);
  }

  async plan(consumer: string, lease: HeldLease, plan: string): Promise<SettleResult> {
    return this.#open().plan(consumer, lease.seq, lease.token, plan);
  }

  extend(consumer: string, items: readonly HeldLease[]): void {
    const gone = this.#session?.extend(consumer, items) ?? [];
    if (gone.length > 0) this.#events?.gone(consumer, gone);
  }

  async publish(envelopes: readonly string[]): Promise<readonly PublishResult[]> {
    if (envelopes.length > PROTOCOL_LIMITS.batchMax) {
      throw new RangeError(`publish: ${String(envelopes.length)} envelopes in one batch`);
    }
    return this.#open().publish(envelopes);
  }

  async admin<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]> {
    this.#open();
    return this.#broker.admin(op, request, this.#options.info.service);
  }

  async read(query: ReadQuery): Promise<Page> {
    this.#open();
    return this.#broker.read(query);
  }

  tap(names: readonly string[] | undefined, onText: (name: string, body: string) => void): Promise<Tap> {
    const wanted = names === undefined ? undefined : new Set(names);
    const off = this.#broker.onLive((name, body) => {
      if (wanted === undefined || wanted.has(name)) onText(name, body);
    });
    this.#taps.add(off);
    return Promise.resolve({
      close: () => {
        this.#taps.delete(off);
        off();
        return Promise.resolve();
      },
    });
  }

  async ping(): Promise<number> {
    const from = performance.now();
    this.#open().touch();
    await Promise.resolve();
    return performance.now() - from;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#stop();
    await session?.close({ clean: true });
  }

  #open(): Session {
    if (this.#session === undefined) throw new Error("the local bus is closed");
    return this.#session;
  }

  #stop(): void {
    this.#session = undefined;
    clearInterval(this.#ticker);
    for (const off of this.#taps) off();
    this.#taps.clear();
  }
}
