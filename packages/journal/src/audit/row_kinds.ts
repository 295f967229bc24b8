/**
 * The tables whose rows carry a checksum that this program computes: columns, when a row is what was written, and what it is
 * called. The audit and the repair go by the same.
 *
 * Invariant: a checksum covers the row's key, so that a row that stands under another's key is not taken for it.
 */
import { type SignalColumns, signalSum, unsealState } from "../checksum.ts";
import { type DeadlineRow, wholeSum } from "../deadlines/deadline_rows.ts";
import { isLetterIntact, memoSum, subscriptionSum } from "../row_sums.ts";

export type Row = Readonly<Record<string, unknown>>;
/** What a consumer is called, by its number. */
export type Who = (cid: unknown) => string;

export interface RowKind {
  readonly table: string;
  /** In the order of the table. */
  readonly columns: readonly string[];
  readonly key: string;
  readonly isIntact: (row: object) => boolean;
  /** By what never changes: all versions of a row are called the same. */
  readonly nameOf: (row: Row, who: Who) => string;
}

/** `check`: may throw for a column of a type that it cannot have. */
function kind(
  table: string,
  columns: string,
  rest: { readonly key: string; readonly check: (row: never) => boolean; readonly nameOf: RowKind["nameOf"] },
): RowKind {
  const isIntact = (row: object): boolean => {
    try {
      return rest.check(row as never);
    } catch {
      return false;
    }
  };
  return { table, columns: columns.split(" "), key: rest.key, isIntact, nameOf: rest.nameOf };
}

export const SIGNAL = kind("signal", "seq id name source lane at trace ckey sum body", {
  key: "seq",
  check: (row: SignalColumns & { seq: number; sum: number }) => signalSum(row.seq, row) === row.sum,
  nameOf: (row) => `signal ${String(row["seq"])}`,
});

export const SUBSCRIPTION = kind("subscription", "name cid from_seq sum", {
  key: "name, cid",
  check: (row: Parameters<typeof subscriptionSum>[0] & { sum: number }) => subscriptionSum(row) === row.sum,
  nameOf: (row, who) => `the subscription to ${String(row["name"])} of ${who(row["cid"])}`,
});

export const LETTER = kind(
  "deadletter",
  "n cid seq id consumer reason error attempts first_at dead_at state content fields sum",
  {
    key: "n",
    check: isLetterIntact,
    nameOf: (row) => `dead letter ${String(row["n"])} (signal ${String(row["seq"])})`,
  },
);

export const DEADLINE = kind("deadline", "request_seq limit_ms state due closed_by late_ms sum", {
  key: "request_seq",
  check: (row: DeadlineRow) => wholeSum(row) === row.sum,
  nameOf: (row) => `the deadline of request ${String(row["request_seq"])}`,
});

export const MEMO = kind("idmemo", "id seq body_hash forget_at sum", {
  key: "id",
  check: (row: Parameters<typeof memoSum>[0] & { sum: number }) => memoSum(row) === row.sum,
  nameOf: (row) => `the remembered id ${String(row["id"])}`,
});

export const STATE = kind("state", "cid key value", {
  key: "cid, key",
  check: (row: { cid: number; key: string; value: string }) =>
    unsealState(row.cid, row.key, row.value) !== undefined,
  nameOf: (row, who) => `the state "${String(row["key"])}" of ${who(row["cid"])}`,
});
