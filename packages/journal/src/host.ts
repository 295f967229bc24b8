/** What sessions and operations need of the broker that runs them. */
import type { Session } from "./broker_types.ts";
import type { Consumer, Subscriptions } from "./consumers.ts";
import type { Deadlines } from "./deadlines/deadlines.ts";
import type { LoopGuard } from "./loop_guard.ts";
import type { PreparedSignal } from "./prepare.ts";
import type { Transaction } from "./transaction.ts";

export interface Host {
  /** The broker's own clock, ms. */
  readonly now: number;
  readonly random: () => number;
  /** So little room on the disk that what is new has to wait. */
  readonly tight: boolean;
  readonly consumers: Map<string, Consumer>;
  readonly subscriptions: Subscriptions;
  readonly deadlines: Deadlines;
  readonly loops: LoopGuard;
  readonly sessions: { delete(session: Session): boolean };
  /** Queues `work` for the next transaction and promises its result; `full` gives it for a full disk. */
  run<T>(
    work: (tx: Transaction) => T,
    options?: { readonly solo?: boolean; readonly full?: (text: string) => T },
  ): Promise<T>;
  /** Something may be grantable: look soon. */
  wakeUp(): void;
  /** All that follows from storing a signal. Call inside the transaction that stored it. `wanted`: no loop, whatever it looks like. */
  noteStored(tx: Transaction, s: PreparedSignal, seq: number, options?: { readonly wanted?: boolean }): void;
  /** Calls a client or a listener: one that throws must not keep the others from what was committed. */
  notify(call: () => void): void;
  count(name: string, by?: number): void;
}
