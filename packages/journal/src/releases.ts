/**
 * How leases end without their client's word: expired, vanished client, taken over.
 *
 * Invariant: what was in flight when a client vanished is suspect; only a sole suspect gets a strike; three strikes
 * are a dead letter (`poison`).
 */
import type { Consumer, Lease } from "./consumers.ts";
import { SUSPECT, SUSPECT_WITH_STRIKE } from "./schema.ts";
import { DEFAULTS, bury, toWaiting } from "./settle.ts";
import type { Transaction } from "./transaction.ts";

const STRIKES_MAX = 3;
/** What `delivery.error` says then. */
export const LEASE_EXPIRED = "lease expired";

/** Orderly: due at once, this attempt not counted. */
export function releaseAll(
  tx: Transaction,
  consumer: Consumer,
  now: number,
  except: ReadonlySet<number> = new Set(),
): number[] {
  const released: number[] = [];
  for (const seq of [...consumer.leases.keys()]) {
    const lease = except.has(seq) ? undefined : tx.takeLease(consumer, seq);
    if (lease === undefined) continue;
    toWaiting(tx, consumer, {
      seq,
      attempt: lease.attempt - 1,
      strikes: lease.strikes,
      due: now,
      suspect: 0,
    });
    released.push(seq);
  }
  return released;
}

/** The client vanished: each delivery in flight, of any of its consumers, may be what killed it. */
export function suspectAll(tx: Transaction, consumers: readonly Consumer[], now: number): void {
  const taken = consumers.flatMap((consumer) =>
    [...consumer.leases.keys()].flatMap((seq) => {
      const lease = tx.takeLease(consumer, seq);
      return lease === undefined ? [] : [{ consumer, seq, lease }];
    }),
  );
  const sole = taken.length === 1;
  for (const { consumer, seq, lease } of taken) suspectOne(tx, consumer, seq, lease, { now, sole });
}

function suspectOne(
  tx: Transaction,
  consumer: Consumer,
  seq: number,
  lease: Lease,
  how: { now: number; sole: boolean },
): void {
  const strikes = lease.strikes + (how.sole ? 1 : 0);
  if (strikes >= STRIKES_MAX) {
    bury(
      tx,
      consumer,
      seq,
      lease,
      "poison",
      `its handler took ${consumer.name} down ${strikes} times, alone each time`,
    );
    return;
  }
  const suspect = how.sole ? SUSPECT_WITH_STRIKE : SUSPECT;
  toWaiting(tx, consumer, { seq, attempt: lease.attempt - 1, strikes, due: how.now, suspect });
}

/** Leases past their time. The attempt counts: work that always overruns must end as a dead letter. */
export function expireLeases(tx: Transaction, consumer: Consumer, now: number): number[] {
  const expired: number[] = [];
  for (const [seq, { expiresAt }] of [...consumer.leases]) {
    const lease = expiresAt > now ? undefined : tx.takeLease(consumer, seq);
    if (lease === undefined) continue;
    expired.push(seq);
    if (lease.attempt >= (consumer.spec.attemptsMax ?? DEFAULTS.attemptsMax)) {
      bury(
        tx,
        consumer,
        seq,
        lease,
        "attempts",
        `its lease expired ${lease.attempt} times without a word from ${consumer.name}`,
      );
    } else {
      toWaiting(tx, consumer, {
        seq,
        attempt: lease.attempt,
        strikes: lease.strikes,
        due: now,
        suspect: 0,
        error: LEASE_EXPIRED,
      });
    }
  }
  return expired;
}
