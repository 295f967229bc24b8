/**
 * What a transport gives the bus client. The client (publish buffer, consumption runner) is the same for all.
 *
 * Promises of a link: requests are answered once, in spite of reconnects; calls of one kind go out in the order they were
 * made; `reattached` comes before any delivery of the new session. A link keeps what is unanswered; how much that can be is
 * bounded by its callers (publish window, credits).
 */
import type {
  AdminOp,
  AdminOps,
  AttachResult,
  ConsumerSpec,
  GrantedDelivery,
  HeldLease,
  Page,
  PublishResult,
  ReadQuery,
  SettleItem,
  SettleResult,
} from "@kloros/journal";
import type { BusState, Tap } from "./types.ts";

export interface LaneTotals {
  readonly normal: number;
  readonly urgent: number;
}

export interface LinkEvents {
  deliver(deliveries: readonly GrantedDelivery[]): void;
  /** Leases that are not ours any more. */
  gone(consumer: string, seqs: readonly number[]): void;
  /** A new session attached this consumer again, or could not. Credits count from zero again. */
  reattached(consumer: string, result: AttachResult): void;
  /** `error`: what every later call is to be rejected with; for `closed` only. */
  state(state: BusState, why: string, error?: Error): void;
}

export interface Link {
  /** Called once, before anything else. */
  start(events: LinkEvents): void;
  /** `held` is asked at each later re-attach. */
  attach(spec: ConsumerSpec, held: () => readonly HeldLease[]): Promise<AttachResult>;
  /** Not to be attached again after a reconnect. */
  forget(consumer: string): void;
  /** Absolute totals since attach; see `Session.credit`. */
  credit(consumer: string, totals: LaneTotals): void;
  settle(consumer: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]>;
  plan(consumer: string, lease: HeldLease, plan: string): Promise<SettleResult>;
  /** What turns out to be gone comes back as `gone`. */
  extend(consumer: string, items: readonly HeldLease[]): void;
  publish(envelopes: readonly string[]): Promise<readonly PublishResult[]>;
  admin<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]>;
  read(query: ReadQuery): Promise<Page>;
  /** Every live signal whose name is in `names` (all when undefined): name and envelope as JSON text. */
  tap(names: readonly string[] | undefined, onText: (name: string, body: string) => void): Promise<Tap>;
  ping(timeoutMs: number): Promise<number>;
  /** Orderly: leases go back without suspicion. */
  close(): Promise<void>;
}
