/**
 * How deliveries end: done (with emits and state), retried, dead, handed back.
 *
 * Invariants: only the current token settles; what a delivery emits and its consumer's new state commit with it or
 * not at all; at most one DONE per (consumer, seq).
 */
import { wasApplied } from "./applied.ts";
import type { DeadReason, SettleItem, SettleResult } from "./broker_types.ts";
import { sealState } from "./checksum.ts";
import { WAIT_MS_MAX } from "./consumer_spec.ts";
import type { Consumer, Lease } from "./consumers.ts";
import { recordDeadLetter } from "./dead-letters/dead_letters.ts";
import type { PreparedSignal } from "./prepare.ts";
import { DEAD, DONE, READY, SUPERSEDED, WAITING, deliverySum } from "./schema.ts";
import { type Transaction, settleRow } from "./transaction.ts";

/** A settlement whose emits have been checked. */
export type PreparedSettle = {
  readonly seq: number;
  readonly token: string;
  readonly outcome: Exclude<SettleItem["outcome"], { kind: "done" }> | PreparedDone;
};
interface PreparedDone {
  readonly kind: "done";
  readonly emits: readonly PreparedSignal[];
  readonly state?: string | null;
}

export interface SettleContext {
  /** Broker's clock, ms: when a retry is due. */
  readonly now: number;
  readonly random: () => number;
  /** Tells of what was appended, for the live feed. */
  readonly onAppended: (s: PreparedSignal, seq: number) => void;
  /** Tells of an emitted signal whose id is stored already: the first one stays. */
  readonly onKnown: (s: PreparedSignal) => void;
}

const SETTLE_DONE =
  `UPDATE delivery SET state = ${DONE}, suspect = 0, due = 0, settled_at = ?1, plan = NULL, error = NULL, ` +
  `sum = ${deliverySum({ state: String(DONE), suspect: "0", due: "0" })} WHERE cid = ?2 AND seq BETWEEN ?3 AND ?4 AND state <= ${WAITING}`;

const TO_WAITING =
  `UPDATE delivery SET state = ${WAITING}, suspect = ?1, strikes = ?2, due = ?3, attempt = ?4, error = coalesce(?5, error), ` +
  `sum = ${deliverySum({ state: String(WAITING), suspect: "?1", strikes: "?2", due: "?3", attempt: "?4" })} WHERE cid = ?6 AND seq = ?7`;

/** Settles what one client sent for one consumer, in order. */
export function settleAll(
  tx: Transaction,
  consumer: Consumer,
  items: readonly PreparedSettle[],
  context: SettleContext,
): SettleResult[] {
  const done: { seq: number; lease: Lease }[] = [];
  const results = items.map((item): SettleResult => {
    const lease = tx.takeLease(consumer, item.seq, item.token);
    if (lease === undefined)
      return { status: wasApplied(tx, consumer, { ...item, ...item.outcome }) ? "ok" : "gone" };
    if (item.outcome.kind === "done") {
      finishDone(tx, consumer, lease, item.outcome, context);
      done.push({ seq: item.seq, lease });
    } else {
      finishOther(tx, consumer, item.seq, lease, item.outcome, context);
    }
    return { status: "ok" };
  });
  settleDone(tx, consumer, done);
  return results;
}

function finishDone(
  tx: Transaction,
  consumer: Consumer,
  lease: Lease,
  outcome: PreparedDone,
  context: SettleContext,
): void {
  for (const emit of outcome.emits) {
    const seq = emit.live ? 0 : tx.append(emit);
    if (seq === undefined) context.onKnown(emit);
    else context.onAppended(emit, seq);
  }
  if (outcome.state === undefined) return;
  if (outcome.state === null) {
    tx.db.prepare("DELETE FROM state WHERE cid = ? AND key = ?").run(consumer.cid, lease.stateKey);
  } else {
    tx.db
      .prepare(
        "INSERT INTO state(cid, key, value) VALUES(?,?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
      )
      .run(consumer.cid, lease.stateKey, sealState(consumer.cid, lease.stateKey, outcome.state));
  }
}

/** Marks runs of neighbouring rows by one statement each. */
function settleDone(tx: Transaction, consumer: Consumer, done: { seq: number; lease: Lease }[]): void {
  done.sort((a, b) => a.seq - b.seq);
  let from = 0;
  for (let i = 0; i < done.length; i++) {
    const here = done[i] as { seq: number; lease: Lease };
    tx.settled(consumer, DONE, here.lease.sum);
    if (done[i + 1]?.seq === here.seq + 1) continue;
    const first = (done[from] as { seq: number }).seq;
    const { changes } = tx.db.prepare(SETTLE_DONE).run(tx.at, consumer.cid, first, here.seq);
    if (changes !== i - from + 1) {
      throw new Error(
        `settling ${consumer.name} ${first}…${here.seq} changed ${changes} rows instead of ${i - from + 1}`,
      );
    }
    from = i + 1;
  }
}

function finishOther(
  tx: Transaction,
  consumer: Consumer,
  seq: number,
  lease: Lease,
  outcome: Exclude<SettleItem["outcome"], { kind: "done" }>,
  context: SettleContext,
): void {
  if (outcome.kind === "release") {
    toWaiting(tx, consumer, {
      seq,
      attempt: lease.attempt - 1,
      strikes: lease.strikes,
      due: context.now,
      suspect: 0,
    });
  } else if (outcome.kind === "dead") {
    bury(tx, consumer, seq, lease, outcome.reason, outcome.error);
  } else if (lease.ckey !== null && newerExists(tx, consumer, seq, lease.ckey)) {
    settleRow(tx, consumer, { seq, state: SUPERSEDED, sum: lease.sum, error: outcome.error });
  } else if (lease.attempt >= (consumer.spec.attemptsMax ?? DEFAULTS.attemptsMax)) {
    bury(tx, consumer, seq, lease, "attempts", outcome.error);
  } else {
    const backoff = backoffMs(consumer, lease.attempt, context.random);
    const delay = Math.min(Math.max(0, (outcome.delayMs ?? backoff) || 0), WAIT_MS_MAX);
    toWaiting(tx, consumer, {
      seq,
      attempt: lease.attempt,
      strikes: lease.strikes,
      due: context.now + delay,
      suspect: 0,
      error: outcome.error,
    });
  }
}

export const DEFAULTS = { leaseMs: 30_000, attemptsMax: 5, backoffMs: 200, backoffMsMax: 60_000 } as const;

/** Exponential, with full jitter over its upper half: neighbours that failed together do not come back together. */
function backoffMs(consumer: Consumer, attempt: number, random: () => number): number {
  const { backoffMs: base = DEFAULTS.backoffMs, backoffMsMax: max = DEFAULTS.backoffMsMax } = consumer.spec;
  const full = Math.min(max, base * 2 ** (attempt - 1));
  return Math.round(full / 2 + (random() * full) / 2);
}

/** Puts a row back to be granted when due. `suspect`: see schema.ts. */
export function toWaiting(
  tx: Transaction,
  consumer: Consumer,
  row: { seq: number; attempt: number; strikes: number; due: number; suspect: number; error?: string },
): void {
  const due = Math.ceil(row.due);
  tx.usesClock = true;
  tx.db
    .prepare(TO_WAITING)
    .run(row.suspect, row.strikes, due, row.attempt, row.error ?? null, consumer.cid, row.seq);
  if (row.suspect > 0) tx.suspectsChanged(consumer);
  tx.afterCommit(() => (consumer.nextDue = Math.min(consumer.nextDue, due)));
}

/** Makes a delivery a dead letter. */
export function bury(
  tx: Transaction,
  consumer: Consumer,
  seq: number,
  lease: Lease,
  reason: DeadReason,
  error: string,
): void {
  settleRow(tx, consumer, { seq, state: DEAD, sum: lease.sum, error, attempt: lease.attempt });
  recordDeadLetter(tx, { consumer, seq, reason, error, attempts: lease.attempt });
}

/** A newer one of the key makes this one needless; not when its effect has been begun: that must be finished. */
function newerExists(tx: Transaction, consumer: Consumer, seq: number, ckey: string): boolean {
  return (
    tx.db
      .prepare(
        "SELECT 1 FROM delivery WHERE cid = ?1 AND ckey = ?2 AND seq > ?3 AND NOT EXISTS (SELECT 1 FROM delivery WHERE cid = ?1 AND seq = ?3 AND plan IS NOT NULL) LIMIT 1",
      )
      .get(consumer.cid, ckey, seq) !== null
  );
}

/** A held lease goes on after a reconnect: the row is as if it had never been let go. */
export const ADOPT_ROW =
  `UPDATE delivery SET state = ${READY}, strikes = strikes - (suspect = 2), suspect = 0, due = 0, ` +
  `sum = ${deliverySum({ state: String(READY), strikes: "strikes - (suspect = 2)", suspect: "0", due: "0" })} WHERE cid = ? AND seq = ?`;
