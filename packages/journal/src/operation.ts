/** One thing to do in the next transaction. Waiting operations share it (group commit). */
import type { Transaction } from "./transaction.ts";

export interface Operation {
  /** Writes; throws only on bugs and on a broken disk. */
  apply(tx: Transaction): void;
  /** After the commit. */
  done(): void;
  /** The disk is full: nothing was written. */
  full(text: string): void;
  /** The journal can't be written any more. */
  failed(error: unknown): void;
  /** Changes who gets what: needs a transaction of its own. */
  readonly solo?: boolean;
}

/** An operation as a promise of its result. `full` gives the result for a full disk; without it, it rejects. */
export function operation<T>(
  work: (tx: Transaction) => T,
  options: { readonly solo?: boolean; readonly full?: (text: string) => T } = {},
): { readonly operation: Operation; readonly result: Promise<T> } {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let value: T;
  return {
    result: promise,
    operation: {
      solo: options.solo ?? false,
      apply: (tx) => {
        value = work(tx);
      },
      done: () => resolve(value),
      full: (text) => (options.full === undefined ? reject(new Error(text)) : resolve(options.full(text))),
      failed: reject,
    },
  };
}
