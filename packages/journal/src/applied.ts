/**
 * What a token says of its grant, and whether a settlement was applied before: its answer may have been lost with the
 * connection, and the client says it again in the next session.
 *
 * Invariant: nothing is applied here. "Applied" is said only of what this grant's own settlement left behind: the row's
 * state, attempt and error, under the holder that has it still.
 */
import type { SettleItem } from "./broker_types.ts";
import type { Consumer } from "./consumers.ts";
import { DEAD, DONE, SUPERSEDED, WAITING } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

export interface TokenParts {
  readonly epoch: number;
  readonly grant: number;
  readonly attempt: number;
}

/** `unique`: "epoch.number". */
export function makeToken(unique: string, attempt: number): string {
  return `${unique}.${attempt}`;
}

/** Undefined: from a version whose tokens did not tell, or made up. */
export function readToken(token: string): TokenParts | undefined {
  const [epoch, grant, attempt] = token.split(".").map(Number);
  if (attempt === undefined || !Number.isSafeInteger(attempt)) return undefined;
  return { epoch: epoch ?? 0, grant: grant ?? 0, attempt };
}

interface AppliedRow {
  readonly state: number;
  readonly attempt: number;
  readonly error: string | null;
}

/** Has this very settlement been committed? Asked where no lease is left to settle. */
export function wasApplied(
  tx: Transaction,
  consumer: Consumer,
  {
    seq,
    token,
    kind,
    error,
  }: { seq: number; token: string; kind: SettleItem["outcome"]["kind"]; error?: string },
): boolean {
  const parts = readToken(token);
  if (parts === undefined || !ofThisHolder(consumer, parts)) return false;
  const row = tx.db
    .prepare("SELECT state, attempt, error FROM delivery WHERE cid = ? AND seq = ?")
    .get(consumer.cid, seq) as AppliedRow | null;
  if (row === null) return false;
  // The attempt is counted by a failure, not by a success.
  if (kind === "done") return row.state === DONE && row.attempt === parts.attempt - 1;
  const failed = row.attempt === parts.attempt && row.error === error;
  if (kind === "dead") return failed && row.state === DEAD;
  return kind === "retry" && failed && [WAITING, DEAD, SUPERSEDED].includes(row.state);
}

/** Granted since it holds the consumer: while somebody else held it, what was settled was theirs. */
function ofThisHolder({ tenure }: Consumer, { epoch, grant }: TokenParts): boolean {
  if (tenure === undefined) return true;
  const first = tenure.firstToken === undefined ? undefined : readToken(tenure.firstToken);
  return first !== undefined && epoch === first.epoch && grant >= first.grant;
}
