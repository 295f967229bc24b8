/**
 * The audit: what should hold in the journal, recomputed from its rows alone.
 *
 * What should have matched comes from the signals and subscriptions, not from the deliveries; the counts that the
 * writer keeps are compared with it by number and by checksum, so that it proves something. It reads in pages, each in
 * a transaction of its own, and rests in between: a bus that runs is not kept from its write-ahead log. Only the rows
 * of one consumer are counted at one moment.
 */
import type { Database } from "bun:sqlite";
import { type SignalColumns, unseal } from "../checksum.ts";
import { damagedStates, rowFlaws } from "./audit_rows.ts";
import { SIGNAL } from "./row_kinds.ts";
import { DEAD, deliveryIntact } from "../schema.ts";
import { type Tally, differences, plus, purgedTally, tallyRows } from "../upkeep/tally.ts";

/** A row that is not what was written. `cid` 0: the signal itself; `seq` 0 or less: a state of the consumer. */
export interface DamagedAt {
  readonly seq: number;
  readonly cid: number;
  readonly what: string;
  /** Of a state: its key's bytes in hexadecimals. */
  readonly keyHex?: string;
}

/** In words. */
export function sayDamaged({ seq, what }: DamagedAt): string {
  return seq > 0 ? `signal ${seq}: ${what}` : what;
}

export interface AuditedConsumer {
  readonly name: string;
  readonly removed: boolean;
  readonly matched: number;
  readonly done: number;
  readonly superseded: number;
  readonly dead: number;
  readonly dropped: number;
  readonly damaged: number;
  readonly open: number;
  /** Of all of these, taken away by retention. */
  readonly purged: number;
}

export interface AuditReport {
  /** No difference, and no damage but what is set aside already. */
  readonly ok: boolean;
  readonly signals: number;
  readonly lastSeq: number;
  readonly consumers: readonly AuditedConsumer[];
  /** What does not add up, in words; at most 1000. */
  readonly differences: readonly string[];
  /** Of these, deliveries that somebody should have and has not: no damaged row explains one. */
  readonly undelivered: number;
  /** Damaged rows that nobody knew of; at most 1000. */
  readonly damaged: readonly DamagedAt[];
  /** Set aside earlier, and counted as that. */
  readonly setAside: readonly DamagedAt[];
}

/** Rows a step: some milliseconds. */
const PAGE = 2000;
/** Somebody reads them: more say no more. */
const LISTED_MAX = 1000;

interface Findings {
  /** Signals that are damaged or lost, set aside or not: what others say of them cannot be compared. */
  readonly unsound: Set<number>;
  signals: number;
  undelivered: number;
  lastSeq: number;
  readonly consumers: AuditedConsumer[];
  readonly differences: string[];
  readonly damaged: DamagedAt[];
}

/** One step is one short transaction; the caller rests between steps as it likes. */
function* auditing(db: Database): Generator<undefined, AuditReport> {
  const setAside = known(db);
  const found: Findings = {
    unsound: new Set(setAside.filter(({ cid }) => cid === 0).map(({ seq }) => seq)),
    signals: 0,
    undelivered: 0,
    lastSeq: 0,
    consumers: [],
    differences: [],
    damaged: [],
  };
  const isKnown = new Set(setAside.map(({ seq, cid }) => `${cid} ${seq}`));
  const damage = (row: DamagedAt): void => {
    if (!isKnown.has(`${row.cid} ${row.seq}`) && found.damaged.length < LISTED_MAX) found.damaged.push(row);
  };
  yield* auditSignals(db, found, damage);
  yield* auditDeliveries(db, found, damage);
  yield* auditConsumers(db, found);
  const newest = [...found.unsound].reduce((most, seq) => Math.max(most, seq), 0);
  for (const flaw of rowFlaws(db, newest)) {
    if (flaw === undefined) yield;
    else tell(found, flaw);
  }
  for (const { cid, key, keyHex } of damagedStates(db))
    damage({ seq: 0, cid, what: `checksum of the state "${key}" of consumer number ${cid}`, keyHex });
  const { differences: told, unsound: _, ...counted } = found;
  const ok = told.length === 0 && counted.damaged.length === 0;
  return { ok, ...counted, differences: told, setAside };
}

/** All at once, for a journal that nobody else uses. */
export function auditNow(db: Database): AuditReport {
  const steps = auditing(db);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** While the bus runs. `rest`: between two steps. */
export async function auditSlowly(db: Database, rest: () => Promise<void>): Promise<AuditReport> {
  const steps = auditing(db);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await rest();
  }
}

function tell(found: Findings, text: string): void {
  if (found.differences.length < LISTED_MAX) found.differences.push(text);
}

function known(db: Database): DamagedAt[] {
  return db.prepare<DamagedAt, []>("SELECT seq, cid, what FROM damage ORDER BY seq, cid").all();
}

type Damage = (row: DamagedAt) => void;
type SignalRow = SignalColumns & { readonly seq: number; readonly sum: number };

/** Each signal against its checksum, and against those who should have got it. */
function* auditSignals(db: Database, found: Findings, damage: Damage): Generator<undefined> {
  for (let after = 0; ;) {
    const last = db.transaction(() => {
      const rows = db
        .prepare<SignalRow, [number, number]>("SELECT * FROM signal WHERE seq > ? ORDER BY seq LIMIT ?")
        .all(after, PAGE);
      const intact: SignalRow[] = [];
      for (const row of rows) {
        if (SIGNAL.isIntact(row)) intact.push(row);
        else {
          found.unsound.add(row.seq);
          damage({ seq: row.seq, cid: 0, what: "checksum of the signal" });
        }
      }
      found.signals += rows.length;
      for (const text of unmatched(db, intact)) {
        tell(found, text);
        found.undelivered++;
      }
      return rows.at(-1)?.seq;
    })();
    if (last === undefined) return;
    found.lastSeq = after = last;
    yield;
  }
}

interface Subscribed {
  readonly name: string;
  readonly cid: number;
  readonly consumer: string;
  readonly from_seq: number;
}

function unmatched(db: Database, rows: readonly SignalRow[]): string[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return [];
  const all = db
    .prepare<Subscribed, []>(
      "SELECT u.name, u.cid, u.from_seq, c.name AS consumer FROM subscription u JOIN consumer c USING(cid) WHERE c.removed_at IS NULL",
    )
    .all();
  const missing: string[] = [];
  for (const cid of new Set(all.map((one) => one.cid))) {
    const mine = new Map(all.filter((one) => one.cid === cid).map((one) => [one.name, one]));
    const has = new Set(
      db
        .prepare<[number], [number, number, number]>(
          "SELECT seq FROM delivery WHERE cid = ? AND seq BETWEEN ? AND ?",
        )
        .values(cid, first.seq, last.seq)
        .map(([seq]) => seq),
    );
    for (const { seq, name } of rows) {
      const one = mine.get(name);
      if (one !== undefined && seq >= one.from_seq && !has.has(seq))
        missing.push(`consumer ${one.consumer} has no delivery of signal ${seq}`);
    }
  }
  return missing;
}

interface DeliveryRow {
  readonly cid: number;
  readonly seq: number;
  readonly state: number;
  readonly plan: string | null;
  readonly intact: number;
  readonly signal: number | null;
  readonly letter: number | null;
}

const DELIVERIES =
  `SELECT d.cid, d.seq, d.state, d.plan, ${deliveryIntact("d.")} AS intact, s.seq AS signal, ` +
  `CASE WHEN d.state = ${DEAD} THEN (SELECT n FROM deadletter l WHERE l.id = s.id AND l.cid = d.cid AND l.state = 'dead' LIMIT 1) END AS letter ` +
  `FROM delivery d LEFT JOIN signal s USING(seq) WHERE (d.cid, d.seq) > (?, ?) ORDER BY d.cid, d.seq LIMIT ?`;

function* auditDeliveries(db: Database, found: Findings, damage: Damage): Generator<undefined> {
  for (let from: readonly [number, number] = [-1, 0]; ;) {
    const rows = db.prepare<DeliveryRow, [number, number, number]>(DELIVERIES).all(...from, PAGE);
    for (const row of rows) {
      const { cid, seq } = row;
      const what = deliveryFlaw(row);
      if (what !== undefined) damage({ seq, cid, what });
      else if (row.state === DEAD && row.letter === null && !found.unsound.has(seq))
        tell(found, `delivery (${cid}, ${seq}) is dead without a dead letter`);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    from = [last.cid, last.seq];
    yield;
  }
}

function deliveryFlaw({ intact, signal, plan }: DeliveryRow): string | undefined {
  if (intact !== 1) return "checksum of the delivery";
  if (signal === null) return "its signal is missing";
  return plan !== null && unseal(plan) === undefined ? "checksum of the plan" : undefined;
}

type ConsumerRow = Tally & {
  readonly cid: number;
  readonly name: string;
  readonly removed_at: number | null;
};

function* auditConsumers(db: Database, found: Findings): Generator<undefined> {
  const cids = db.prepare<{ cid: number }, []>("SELECT cid FROM consumer ORDER BY cid").all();
  for (const { cid } of cids) {
    db.transaction(() => {
      const row = db.prepare<ConsumerRow, [number]>("SELECT * FROM consumer WHERE cid = ?").get(cid);
      if (row !== null) auditConsumer(db, row, found);
    })();
    yield;
  }
}

function auditConsumer(db: Database, row: ConsumerRow, found: Findings): void {
  const purged = purgedTally(db, row.cid);
  const rows = plus(tallyRows(db, row.cid), purged);
  for (const text of differences(row, rows)) tell(found, `consumer ${row.name} ${text}`);
  // Of a delivery that stands under another's number only that it is missing is known, unless its signal is what changed.
  const isSame = row.matched === rows.matched && row.matched_x === rows.matched_x;
  if (!isSame && !found.damaged.some(({ cid }) => cid === 0)) found.undelivered++;
  const { name, matched, done, superseded, dead, dropped, damaged } = row;
  const open = matched - done - superseded - dead - dropped - damaged;
  if (open < 0) tell(found, `consumer ${name} has settled ${-open} more than it got`);
  const removed = row.removed_at !== null;
  found.consumers.push({
    name,
    removed,
    matched,
    done,
    superseded,
    dead,
    dropped,
    damaged,
    open,
    purged: purged.matched,
  });
}
