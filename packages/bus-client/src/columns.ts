/**
 * What batches have in common on the wire: columns (arrays beside each other) instead of many small objects, and sparse columns for
 * what most items do not have. Each `pack` has its `unpack`, which throws `ProtocolError` when the columns do not agree.
 */
import { ProtocolError } from "./protocol.ts";

/** Index in the batch → value. */
export type Sparse<T> = Record<string, T>;

/** Index → code and text of what went wrong. */
export type Texts = Sparse<[string, string]>;

/** An empty sparse column is left out. */
export const some = <T>(column: Sparse<T>): Sparse<T> | undefined =>
  Object.keys(column).length === 0 ? undefined : column;

/** Drops what is undefined, so that absent columns stay absent. */
export function compact<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function requireSameLength(what: string, ...columns: readonly { readonly length: number }[]): void {
  const [first] = columns;
  if (columns.some((column) => column.length !== first?.length)) {
    throw new ProtocolError(`${what}: columns of different length`);
  }
}

/** Texts of errors stay short on the wire; the log of whoever made them has the rest. */
export const cut = (text: string): string => text.slice(0, 4000);
