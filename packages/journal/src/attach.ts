/** How a session comes to hold a consumer, and which of the leases that it states go on. */
import { readToken } from "./applied.ts";
import type { AttachResult, ConsumerSpec, HeldLease } from "./broker_types.ts";
import { type SignalColumns, signalSum } from "./checksum.ts";
import { refuseSpec } from "./consumer_spec.ts";
import { type Consumer, type Holder, resumConsumer } from "./consumers.ts";
import { redefine, register } from "./definition.ts";
import { stateKeyOf } from "./grants.ts";
import type { Host } from "./host.ts";
import { LEASE_EXPIRED, releaseAll } from "./releases.ts";
import { SUSPECT_WITH_STRIKE, WAITING } from "./schema.ts";
import { ADOPT_ROW, DEFAULTS } from "./settle.ts";
import type { Transaction } from "./transaction.ts";

/** Who wants to hold a consumer. */
export interface Candidate extends Holder {
  /** Closed meanwhile. */
  readonly ended: boolean;
}

/**
 * Attaches a session to a consumer. Refused while another live instance holds it. The same instance after a reconnect
 * keeps the leases that it still holds; all others go back.
 */
export function attach(
  host: Host,
  tx: Transaction,
  session: Candidate,
  spec: ConsumerSpec,
  held: readonly HeldLease[],
): AttachResult {
  const refused = refuseSpec(spec, session.service);
  if (refused !== undefined) return refused;
  if (session.ended) return { ok: false, code: "protocol", text: "this session is over; open a new one" };
  const known = host.consumers.get(spec.name);
  const holder = known?.holder;
  if (holder !== undefined && holder.instance !== session.instance && holder.live()) {
    const text = `${spec.name} is held by ${holder.service} (pid ${holder.pid}); stop that one first`;
    return { ok: false, code: "consumer_held", text, holderPid: holder.pid };
  }
  const consumer = known ?? register(tx, spec, session.instance);
  const outcome =
    known === undefined
      ? { adopted: [], gone: held.map((h) => h.seq) }
      : takeOver(host, tx, known, session, spec, held);
  tx.afterCommit(() => {
    host.consumers.set(consumer.name, consumer);
    host.subscriptions.remove(consumer);
    consumer.spec = spec;
    host.subscriptions.add(consumer);
    if (consumer.holderInstance !== session.instance) consumer.tenure = { firstToken: undefined };
    consumer.holderInstance = session.instance;
    consumer.holder = session;
    consumer.credit.fill(0);
    consumer.granted.fill(0);
    consumer.nextDue = 0;
    if (holder !== undefined && holder !== session)
      host.notify(() => holder.port.closed(`${session.service} (pid ${session.pid}) took over`));
  });
  return { ok: true, ...outcome };
}

function takeOver(
  host: Host,
  tx: Transaction,
  consumer: Consumer,
  session: Candidate,
  spec: ConsumerSpec,
  held: readonly HeldLease[],
): { adopted: number[]; gone: number[] } {
  if (!Bun.deepEquals(consumer.spec, spec)) redefine(tx, consumer, spec);
  const same = consumer.holderInstance === session.instance;
  if (!same) {
    tx.db.prepare("UPDATE consumer SET holder = ? WHERE cid = ?").run(session.instance, consumer.cid);
    resumConsumer(tx.db, consumer.cid);
  }
  const adopted = new Set<number>();
  for (const lease of same ? held : []) {
    if (!adopted.has(lease.seq) && adopt(tx, consumer, lease, host.now)) adopted.add(lease.seq);
  }
  releaseAll(tx, consumer, host.now, adopted);
  return {
    adopted: [...adopted],
    gone: held.filter((lease) => !adopted.has(lease.seq)).map((lease) => lease.seq),
  };
}

interface OpenRow extends SignalColumns {
  readonly attempt: number;
  readonly error: string | null;
  readonly strikes: number;
  readonly suspect: number;
  readonly sum: number;
}

/** Its failure was committed, only the answer was lost: the client says it again and is told so. */
function isCounted(row: OpenRow, token: string): boolean {
  const attempt = readToken(token)?.attempt;
  return attempt !== undefined && row.attempt >= attempt && row.error !== LEASE_EXPIRED;
}

/** A lease that its own instance still holds goes on, also when the bus forgot it (restart) or let it go (lost connection). */
function adopt(tx: Transaction, consumer: Consumer, held: HeldLease, now: number): boolean {
  const expiresAt = now + (consumer.spec.leaseMs ?? DEFAULTS.leaseMs);
  const lease = tx.leaseOf(consumer, held.seq);
  if (lease !== undefined) {
    if (lease.token === held.token) lease.expiresAt = expiresAt;
    return lease.token === held.token;
  }
  const row = tx.db
    .prepare(
      `SELECT d.attempt, d.error, d.strikes, d.suspect, s.* FROM delivery d JOIN signal s USING(seq) WHERE d.cid = ? AND d.seq = ? AND d.state <= ${WAITING}`,
    )
    .get(consumer.cid, held.seq) as OpenRow | null;
  // Of a damaged one the next grant makes an end.
  if (row === null || isCounted(row, held.token) || signalSum(held.seq, row) !== row.sum) return false;
  const stateKey = stateKeyOf(consumer, row.body);
  tx.db.prepare(ADOPT_ROW).run(consumer.cid, held.seq);
  tx.deadlines.start(tx, consumer, held.seq);
  if (row.suspect > 0) tx.suspectsChanged(consumer);
  tx.afterCommit(() => {
    consumer.leases.set(held.seq, {
      token: held.token,
      lane: row.lane,
      attempt: row.attempt + 1,
      sum: row.sum,
      strikes: row.strikes - (row.suspect === SUSPECT_WITH_STRIKE ? 1 : 0),
      suspect: false,
      ckey: row.ckey,
      stateKey,
      expiresAt,
    });
  });
  return true;
}
