/**
 * Who gets what next. Granting writes nothing: a lease is memory, its row stays READY (or WAITING), so a bus that dies
 * forgets the lease and keeps the delivery.
 *
 * Invariants: at most one lease a delivery, and only within the credit; first attempts go by lane, then sequence; suspects
 * go one at a time with nothing beside them in their process; a consumer with state has at most one lease.
 */
import { makeToken } from "./applied.ts";
import type { GrantedDelivery } from "./broker_types.ts";
import { signalSum, unseal, unsealState } from "./checksum.ts";
import { type Consumer, type Holder, type Lease, openCount } from "./consumers.ts";
import type { JournalDatabase } from "./database.ts";
import { IS_LATE } from "./deadlines/deadline_rows.ts";
import { answeredBy, requestKind } from "./requests.ts";
import { LANES, READY, WAITING, deliveryIntact } from "./schema.ts";
import { DEFAULTS } from "./settle.ts";

export interface Grants {
  readonly deliveries: readonly GrantedDelivery[];
  /** Of these, requests that their consumer is to answer: their time runs from now on. */
  readonly requests: readonly number[];
  /** Rows that failed their checksum: to be set aside. */
  readonly damaged: readonly DamagedRow[];
}
export interface DamagedRow {
  readonly seq: number;
  readonly lane: number;
  /** The delivery is intact, the consumer's state that it needs is not. */
  readonly stateKey?: string;
  readonly what: string;
  /** Checksum as stored, for the counts. */
  readonly sum: number;
}

interface Row {
  seq: number;
  state: number;
  attempt: number;
  strikes: number;
  suspect: number;
  plan: string | null;
  intact: number;
  id: string | null;
  name: string;
  source: string;
  lane: number;
  at: number;
  trace: string | null;
  ckey: string | null;
  sum: number;
  body: string;
}

const COLUMNS =
  `d.seq, d.state, d.attempt, d.strikes, d.suspect, d.plan, ${deliveryIntact("d.")} AS intact, ` +
  `s.id, s.name, s.source, s.lane, s.at, s.trace, s.ckey, s.sum, s.body`;
const FROM = "FROM delivery d LEFT JOIN signal s USING(seq)";
const NEXT_READY = `SELECT ${COLUMNS} ${FROM} WHERE d.cid = ? AND d.seq >= ? AND d.lane = ? AND d.state = ${READY} ORDER BY d.seq LIMIT ?`;
const NEXT_WAITING = `SELECT ${COLUMNS} ${FROM} WHERE d.cid = ? AND d.lane = ? AND d.state = ${WAITING} AND d.due <= ? ORDER BY d.due, d.seq LIMIT ?`;
const NEXT_SUSPECT = `SELECT ${COLUMNS} ${FROM} WHERE d.cid = ? AND d.lane = ? AND d.suspect > 0 ORDER BY d.seq LIMIT 1`;

/** What is suspect and in work at one client, over all consumers that it holds. */
export function clientLoad(consumers: Iterable<Consumer>, holder: Holder): GrantContext["client"] {
  const load = { suspects: 0, leases: 0 };
  for (const consumer of consumers) {
    if (consumer.holder !== holder) continue;
    load.suspects += consumer.suspects;
    load.leases += consumer.leases.size;
  }
  return load;
}

/** A page of grants: bounds the time until the loop looks at its input again. */
const GRANTS_MAX = 512;
/** Urgent deliveries in a row before a turn-taking consumer gets a normal one. */
const URGENT_RUN_MAX = 8;

export interface GrantContext {
  readonly db: JournalDatabase;
  /** Broker's clock, ms. */
  readonly now: number;
  readonly nextToken: () => string;
  /** Of all consumers that the same client holds. */
  readonly client: { readonly suspects: number; readonly leases: number };
}

/** All that a consumer may get now. Takes leases and advances cursors. */
export function grant(consumer: Consumer, context: GrantContext): Grants {
  const deliveries: GrantedDelivery[] = [];
  const damaged: DamagedRow[] = [];
  const requests: number[] = [];
  for (const row of candidates(consumer, context)) {
    const { seq, lane } = row;
    const flaw = flawOf(row);
    if (flaw !== undefined) {
      damaged.push({ seq, lane, what: flaw, sum: row.sum ?? 0 });
      continue;
    }
    const stateKey = stateKeyOf(consumer, row.body);
    const sealed = sealedState(consumer, stateKey, context.db);
    const state = sealed === null ? null : unsealState(consumer.cid, stateKey, sealed);
    if (state === undefined)
      damaged.push({ seq, lane, stateKey, what: `checksum of the state: ${sealed}`, sum: row.sum });
    else {
      deliveries.push(take(consumer, row, { stateKey, state, context }));
      if (requestKind(row.name)?.answering === consumer.name) requests.push(seq);
    }
  }
  return { deliveries, requests, damaged };
}

function candidates(consumer: Consumer, context: GrantContext): Row[] {
  if (consumer.holder === undefined || openCount(consumer.counts) <= consumer.leases.size) return [];
  if (context.client.suspects > 0) return context.client.leases > 0 ? [] : suspect(consumer, context);
  const sole = consumer.spec.stateKey !== undefined;
  if (sole && consumer.leases.size > 0) return [];
  const due = consumer.nextDue <= context.now;
  const rows: Row[] = [];
  for (const lane of lanesInTurn(consumer)) {
    const room = Math.min(consumer.credit[lane] - consumer.granted[lane], sole ? 1 : GRANTS_MAX);
    if (room <= 0 || (sole && rows.length > 0)) continue;
    if (due) rows.push(...waiting(consumer, lane, room, context));
    const left = sole && rows.length > 0 ? 0 : room - rows.filter((r) => r.lane === lane).length;
    if (left > 0) rows.push(...ready(consumer, lane, left, context));
  }
  if (due) findNextDue(consumer, context);
  return rows;
}

function suspect(consumer: Consumer, context: GrantContext): Row[] {
  for (const lane of [0, 1] as const) {
    if (consumer.credit[lane] <= consumer.granted[lane]) continue;
    const rows = context.db.prepare(NEXT_SUSPECT).all(consumer.cid, lane) as Row[];
    if (rows.length > 0) return rows;
  }
  return [];
}

function lanesInTurn(consumer: Consumer): readonly (0 | 1)[] {
  if (consumer.spec.stateKey === undefined || consumer.urgentRun < URGENT_RUN_MAX) return [0, 1];
  consumer.urgentRun = 0;
  return [1, 0];
}

function waiting(consumer: Consumer, lane: number, limit: number, context: GrantContext): Row[] {
  const rows = context.db
    .prepare(NEXT_WAITING)
    .all(consumer.cid, lane, context.now, limit + consumer.leases.size) as Row[];
  return rows.filter((row) => !consumer.leases.has(row.seq)).slice(0, limit);
}

/** From the cursor on; the cursor passes what it found and jumps to infinity when nothing is left (see `wake`). */
function ready(consumer: Consumer, lane: 0 | 1, limit: number, context: GrantContext): Row[] {
  const found: Row[] = [];
  while (found.length < limit && consumer.cursor[lane] !== Number.POSITIVE_INFINITY) {
    const wanted = limit - found.length;
    const rows = context.db
      .prepare(NEXT_READY)
      .all(consumer.cid, consumer.cursor[lane], lane, wanted) as Row[];
    const last = rows.at(-1);
    consumer.cursor[lane] =
      rows.length < wanted || last === undefined ? Number.POSITIVE_INFINITY : last.seq + 1;
    found.push(...rows.filter((row) => !consumer.leases.has(row.seq)));
  }
  return found;
}

/** New rows of this lane exist from `seq` on. */
export function wake(consumer: Consumer, lane: number, seq: number): void {
  if (lane === 0 || lane === 1) consumer.cursor[lane] = Math.min(consumer.cursor[lane], seq);
}

function findNextDue(consumer: Consumer, context: GrantContext): void {
  const dues = [0, 1].map((lane) => {
    const rows = context.db
      .prepare(
        `SELECT seq, due FROM delivery WHERE cid = ? AND lane = ? AND state = ${WAITING} ORDER BY due LIMIT ?`,
      )
      .all(consumer.cid, lane, consumer.leases.size + 1) as { seq: number; due: number }[];
    return rows.find((row) => !consumer.leases.has(row.seq))?.due ?? Number.POSITIVE_INFINITY;
  });
  consumer.nextDue = Math.min(...dues);
}

function flawOf(row: Row): string | undefined {
  if (row.id === null) return "its signal is missing";
  if (row.intact !== 1) return "checksum of the delivery";
  if (signalSum(row.seq, row as Row & { id: string }) !== row.sum) return "checksum of the signal";
  if (row.plan !== null && unseal(row.plan) === undefined) return "checksum of the plan";
  return undefined;
}

function take(
  consumer: Consumer,
  row: Row,
  { stateKey, state, context }: { stateKey: string; state: string | null; context: GrantContext },
): GrantedDelivery {
  const lane = row.lane === 0 ? 0 : 1;
  const leaseMs = consumer.spec.leaseMs ?? DEFAULTS.leaseMs;
  const lease: Lease = {
    token: makeToken(context.nextToken(), row.attempt + 1),
    lane,
    attempt: row.attempt + 1,
    sum: row.sum,
    strikes: row.strikes,
    suspect: row.suspect > 0,
    ckey: row.ckey,
    stateKey,
    expiresAt: context.now + leaseMs,
  };
  consumer.leases.set(row.seq, lease);
  if (consumer.tenure !== undefined) consumer.tenure.firstToken ??= lease.token;
  consumer.granted[lane] += 1;
  consumer.urgentRun = lane === 0 ? consumer.urgentRun + 1 : 0;
  return {
    consumer: consumer.name,
    lane: LANES[lane],
    seq: row.seq,
    token: lease.token,
    attempt: lease.attempt,
    leaseMs,
    body: row.body,
    plan: row.plan === null ? null : (unseal(row.plan) ?? null),
    state,
    late: answeredBy(row.name) !== undefined && context.db.prepare(IS_LATE).get(row.seq) !== null,
  };
}

/** Value of the fact that selects the state. */
export function stateKeyOf(consumer: Consumer, body: string): string {
  const fact = consumer.spec.stateKey;
  if (fact === undefined || fact === "") return "";
  const value = (JSON.parse(body) as { facts: Record<string, unknown> }).facts[fact];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function sealedState(consumer: Consumer, key: string, db: JournalDatabase): string | null {
  if (consumer.spec.stateKey === undefined) return null;
  const row = db.prepare("SELECT value FROM state WHERE cid = ? AND key = ?").get(consumer.cid, key);
  return (row as { value: string } | null)?.value ?? null;
}
