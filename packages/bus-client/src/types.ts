/**
 * The Bus: what a service sees of the nervous system. Every transport (local, zmq, later nats) gives this same
 * interface and passes the same contract suite (`describeBus` in ./testing).
 *
 * Promises: `publish` resolves after the signals are on disk. A handler's acknowledgement, its emitted signals and
 * its new state commit in one transaction. Buffers are bounded: beyond the bound `publish` rejects with `BusyError`.
 */
import type { AdminOp, AdminOps, ConsumerSpec, Page, PublishResult, ReadQuery } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";

export interface Delivery {
  readonly signal: Envelope;
  readonly seq: number;
  readonly attempt: number;
  /** Arrived after its deadline fired. */
  readonly late: boolean;
  /** The consumer's state for this delivery (parsed JSON), null when none yet. */
  readonly state: unknown;
  /** What an earlier attempt stored with `savePlan` (parsed JSON), null when none. */
  readonly plan: unknown;
  /** Stores durably what is about to be done; resolves when on disk. Rejects with `LeaseLostError` when it is not ours any more. */
  savePlan(plan: unknown): Promise<void>;
  /** Aborted when the lease is lost, the limit passed or the consumer stops: the work is not ours any more. */
  readonly abort: AbortSignal;
}

export interface HandlerResult {
  /** Complete envelopes, usually made with `createChild(delivery.signal, …)`. */
  readonly emit?: readonly Envelope[];
  /** New state; absent: unchanged; null: removed. */
  readonly state?: unknown;
}

/** Throws `TerminalError` for what can never work, anything else to be tried again. */
export type Handler = (delivery: Delivery) => Promise<HandlerResult | undefined>;

export interface ConsumeOptions extends ConsumerSpec {
  /** Deliveries worked on at once in the normal lane. Default 1; must be 1 with state. */
  readonly concurrency?: number;
  /** Slots of their own for urgent ones. Default 1. With state: they still take turns. */
  readonly urgentConcurrency?: number;
  /** Deliveries fetched ahead beyond those in work. Default 0; raise it for throughput. */
  readonly prefetch?: number;
  /** A handler that takes longer is aborted and its delivery retried, ms. Default 60,000. */
  readonly handlerTimeoutMs?: number;
  /** Told of each settled delivery (for log and metrics). */
  readonly onSettled?: (event: SettledEvent) => void;
}

export interface SettledEvent {
  readonly delivery: Delivery;
  readonly outcome: "done" | "retry" | "dead" | "release" | "gone";
  readonly error?: unknown;
  readonly emitted: readonly Envelope[];
  readonly durationMs: number;
}

export interface Consumption {
  readonly name: string;
  /** In work now. */
  readonly active: number;
  /** Stops taking new ones, waits for those in work up to `graceMs`, hands back the rest. */
  drain(graceMs: number): Promise<void>;
  /** Rejects when the bus refuses the consumer (held by another, wrong signals). Resolves after `drain`. */
  readonly ended: Promise<void>;
}

export interface TapFilter {
  /** Exact names; absent: all. */
  readonly signals?: readonly string[];
}

export interface Tap {
  close(): Promise<void>;
}

export type BusState = "connecting" | "connected" | "closed";

export interface Bus {
  readonly state: BusState;
  onState(listener: (state: BusState, why: string) => void): () => void;
  /** Resolves with one result per envelope, in order, when each is on disk or refused. */
  publish(
    envelopes: readonly Envelope[],
    options?: { readonly abort?: AbortSignal },
  ): Promise<readonly PublishResult[]>;
  /** Resolves when attached; goes on through reconnects. */
  consume(options: ConsumeOptions, handler: Handler): Promise<Consumption>;
  /** Live and best effort: what a slow tap misses is gone without a word; `read` has it all. */
  tap(filter: TapFilter, onSignal: (signal: Envelope) => void): Promise<Tap>;
  /** History, a page at a time. */
  read(query: ReadQuery): Promise<Page>;
  admin<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]>;
  /** Round trip to the bus's main loop, ms. */
  ping(options?: { readonly timeoutMs?: number }): Promise<number>;
  close(): Promise<void>;
}
