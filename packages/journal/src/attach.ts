/** How a consumer is first seen, changes its definition, is held and is removed. */
import { findSignal } from "@kloros/signal-schema";
import type { AttachResult, ConsumerSpec, HeldLease } from "./broker_types.ts";
import type { Broker } from "./broker.ts";
import { type Consumer, createConsumer } from "./consumers.ts";
import { stateKeyOf } from "./grants.ts";
import { releaseAll } from "./releases.ts";
import { DROPPED, READY, SUSPECT_WITH_STRIKE, WAITING, deliverySum } from "./schema.ts";
import type { BrokerSession } from "./session.ts";
import { ADOPT_ROW, DEFAULTS } from "./settle.ts";
import { type Transaction, settleRow } from "./transaction.ts";

/** Why a spec is refused, before anything is written. */
export function refuseSpec(
  spec: ConsumerSpec,
  service: string,
): Extract<AttachResult, { ok: false }> | undefined {
  if (spec.name !== service && !spec.name.startsWith(`${service}/`)) {
    return {
      ok: false,
      code: "identity",
      text: `${service} may not hold the consumer ${spec.name}; its own begin with "${service}"`,
    };
  }
  if (spec.signals.length === 0)
    return { ok: false, code: "bad_consumer", text: `consumer ${spec.name} asks for no signals` };
  for (const name of spec.signals) {
    const definition = findSignal(name);
    if (definition === undefined)
      return {
        ok: false,
        code: "unknown_signal",
        text: `consumer ${spec.name} asks for ${name}, which is not defined`,
      };
    if (definition.delivery === "live") {
      return {
        ok: false,
        code: "live_signal",
        text: `${name} is announced live only; tap it, it can't be consumed`,
      };
    }
  }
  return undefined;
}

/** Registers a consumer: its row, its subscriptions, and the deliveries of what it starts from. */
export function register(tx: Transaction, spec: ConsumerSpec, instance: string): Consumer {
  const cid = (
    tx.db.prepare("SELECT coalesce(max(cid), 0) + 1 AS cid FROM consumer").get() as { cid: number }
  ).cid;
  tx.db
    .prepare("INSERT INTO consumer VALUES(?,?,?,?,?,0,0,0,0,0,0,0,0,NULL)")
    .run(cid, spec.name, JSON.stringify(spec), instance, tx.nextSeq);
  const consumer = createConsumer(cid, spec, instance);
  subscribe(tx, consumer, spec, spec.signals);
  return consumer;
}

/** A known consumer comes with another definition: new names start as a new consumer would, dropped names let go of theirs. */
export function redefine(tx: Transaction, consumer: Consumer, spec: ConsumerSpec): void {
  const before = consumer.spec.signals;
  tx.db.prepare("UPDATE consumer SET definition = ? WHERE cid = ?").run(JSON.stringify(spec), consumer.cid);
  const dropped = before.filter((name) => !spec.signals.includes(name));
  const added = spec.signals.filter((name) => !before.includes(name));
  unsubscribe(tx, consumer, dropped);
  subscribe(tx, consumer, spec, added);
}

function subscribe(tx: Transaction, consumer: Consumer, spec: ConsumerSpec, names: readonly string[]): void {
  for (const name of names)
    tx.db.prepare("INSERT INTO subscription(name, cid) VALUES(?,?)").run(name, consumer.cid);
  if (spec.start.from === "now") return;
  const since = spec.start.ageMsMax === undefined ? 0 : tx.at - spec.start.ageMsMax;
  for (const name of names) backfill(tx, consumer, name, since);
}

const BACKFILL =
  `INSERT INTO delivery(cid, seq, state, lane, attempt, strikes, suspect, due, ckey, sum) ` +
  `SELECT cid, seq, ${READY}, lane, 0, 0, 0, 0, ckey, ${deliverySum({ state: "0", attempt: "0", strikes: "0", suspect: "0", due: "0" })} ` +
  `FROM (SELECT ?1 AS cid, seq, lane, ckey FROM signal s WHERE s.name = ?2 AND s.at >= ?3 AND s.seq < ?4 ` +
  `AND (ckey IS NULL OR seq = (SELECT max(seq) FROM signal n WHERE n.name = ?2 AND n.ckey = s.ckey AND n.seq < ?4)))`;

/** History for a consumer that starts at the earliest signal; of a `latest` key only the newest. */
function backfill(tx: Transaction, consumer: Consumer, name: string, since: number): void {
  const first = tx.nextSeq;
  tx.db.prepare(BACKFILL).run(consumer.cid, name, since, first);
  const rows = tx.db
    .prepare(
      "SELECT s.sum FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND s.name = ? AND s.at >= ? AND s.seq < ?",
    )
    .iterate(consumer.cid, name, since, first) as Iterable<{ sum: number }>;
  const counts = tx.countsOf(consumer);
  for (const row of rows) {
    counts.matched += 1;
    counts.matchedX ^= row.sum;
  }
}

/** Lets go of names (or, without names, of all): what is open or dead becomes dropped. Returns how many. */
export function unsubscribe(tx: Transaction, consumer: Consumer, names: readonly string[]): number {
  let dropped = 0;
  for (const name of names) {
    tx.db.prepare("DELETE FROM subscription WHERE name = ? AND cid = ?").run(name, consumer.cid);
    const rows = tx.db
      .prepare(
        `SELECT d.seq, s.sum FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND d.state <= ${WAITING} AND s.name = ?`,
      )
      .all(consumer.cid, name) as { seq: number; sum: number }[];
    for (const row of rows) settleRow(tx, consumer, { seq: row.seq, state: DROPPED, sum: row.sum });
    dropped += rows.length;
  }
  return dropped;
}

/**
 * Attaches a session to a consumer. Refused while another live instance holds it. The same instance after a reconnect
 * keeps the leases that it still holds; all others go back.
 */
export function attach(
  broker: Broker,
  tx: Transaction,
  session: BrokerSession,
  spec: ConsumerSpec,
  held: readonly HeldLease[],
): AttachResult {
  const refused = refuseSpec(spec, session.service);
  if (refused !== undefined) return refused;
  const known = broker.consumers.get(spec.name);
  const holder = known?.holder;
  if (holder !== undefined && holder.instance !== session.instance && holder.live()) {
    const text = `${spec.name} is held by ${holder.service} (pid ${holder.pid}); stop that one first`;
    return { ok: false, code: "consumer_held", text, holderPid: holder.pid };
  }
  const consumer = known ?? register(tx, spec, session.instance);
  const outcome =
    known === undefined
      ? { adopted: [], gone: held.map((h) => h.seq) }
      : takeOver(broker, tx, known, session, spec, held);
  tx.afterCommit(() => {
    broker.consumers.set(consumer.name, consumer);
    broker.subscriptions.remove(consumer);
    consumer.spec = spec;
    broker.subscriptions.add(consumer);
    consumer.holderInstance = session.instance;
    consumer.holder = session;
    consumer.credit.fill(0);
    consumer.granted.fill(0);
    consumer.cursor.fill(0);
    consumer.nextDue = 0;
    if (holder !== undefined && holder !== session)
      holder.port.closed(`${session.service} (pid ${session.pid}) took over`);
  });
  return { ok: true, ...outcome };
}

function takeOver(
  broker: Broker,
  tx: Transaction,
  consumer: Consumer,
  session: BrokerSession,
  spec: ConsumerSpec,
  held: readonly HeldLease[],
): { adopted: number[]; gone: number[] } {
  if (!Bun.deepEquals(consumer.spec, spec)) redefine(tx, consumer, spec);
  const same = consumer.holderInstance === session.instance;
  if (!same)
    tx.db.prepare("UPDATE consumer SET holder = ? WHERE cid = ?").run(session.instance, consumer.cid);
  const adopted = held
    .filter((lease) => same && adopt(tx, consumer, lease, broker.now))
    .map((lease) => lease.seq);
  releaseAll(tx, consumer, broker.now, new Set(adopted));
  return { adopted, gone: held.filter((lease) => !adopted.includes(lease.seq)).map((lease) => lease.seq) };
}

interface OpenRow {
  lane: number;
  attempt: number;
  strikes: number;
  suspect: number;
  ckey: string | null;
  sum: number;
  body: string;
}

/** A lease that its own instance still holds goes on, also when the bus forgot it (restart) or let it go (lost connection). */
function adopt(tx: Transaction, consumer: Consumer, held: HeldLease, now: number): boolean {
  const expiresAt = now + (consumer.spec.leaseMs ?? DEFAULTS.leaseMs);
  const lease = consumer.leases.get(held.seq);
  if (lease !== undefined) {
    if (lease.token === held.token) lease.expiresAt = expiresAt;
    return lease.token === held.token;
  }
  const row = tx.db
    .prepare(
      `SELECT d.lane, d.attempt, d.strikes, d.suspect, d.ckey, s.sum, s.body FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND d.seq = ? AND d.state <= ${WAITING}`,
    )
    .get(consumer.cid, held.seq) as OpenRow | null;
  if (row === null) return false;
  tx.db.prepare(ADOPT_ROW).run(consumer.cid, held.seq);
  tx.afterCommit(() => {
    if (row.suspect > 0) consumer.suspects -= 1;
    consumer.leases.set(held.seq, {
      token: held.token,
      lane: row.lane,
      attempt: row.attempt + 1,
      sum: row.sum,
      strikes: row.strikes - (row.suspect === SUSPECT_WITH_STRIKE ? 1 : 0),
      suspect: false,
      ckey: row.ckey,
      stateKey: stateKeyOf(consumer, row.body),
      expiresAt,
    });
  });
  return true;
}

/** Ends a consumer for good: what is open is dropped and counted; its row stays under another name, for the audit. */
export function removeConsumer(tx: Transaction, consumer: Consumer): number {
  tx.db
    .prepare("UPDATE consumer SET name = name || '~' || cid, removed_at = ? WHERE cid = ?")
    .run(tx.at, consumer.cid);
  return unsubscribe(tx, consumer, consumer.spec.signals);
}
