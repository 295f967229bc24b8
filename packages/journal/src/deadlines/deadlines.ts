/**
 * Deadlines of requests: durable, one closing state each, exactly one timeout for those that fire.
 *
 * ARMED with the request, RUNNING from its first grant to the consumer that answers, then ANSWERED, FIRED or WITHDRAWN. A grant
 * writes nothing: its start rides in the next transaction, and a bus that dies before forgot the lease as well.
 *
 * The deadlines' clock is the broker's own plus the time that passed while no broker ran. A step of the wall clock moves it only
 * over a boot of the machine, and never back: a step while a deadline runs is written down, so that a boot does not count it.
 *
 * Invariant: memory (starts not yet written, the next due) changes only after the commit.
 */
import { summed } from "../checksum.ts";
import type { Consumer } from "../consumers.ts";
import type { JournalDatabase } from "../database.ts";
import {
  ANSWER,
  ANSWER_LATE,
  ARM,
  BY_CAUSE,
  type DeadlineRow,
  FIRED_MATCH,
  NEXT_DUE,
  REARM,
  RUNNING_MATCH,
  START,
  START_NAMED,
  WITHDRAW,
  WITHDRAW_ALL,
} from "./deadline_rows.ts";
import type { PreparedSignal } from "../prepare.ts";
import { requestKind, requestsTo } from "../requests.ts";
import { FIRED, RUNNING } from "../schema.ts";
import { type Anchor, type TimeReading, parseAnchor, timeSince } from "./time_away.ts";
import type { Transaction } from "../transaction.ts";

/** Nothing fires before clients had this long to come back and say again what the bus did not hear, ms: they try every 2 s. */
const GRACE_MS = 5000;
/** A start that no transaction took along is written by itself, ms. */
const START_MS_MAX = 1000;
/** So far the wall clock may run away from the broker's own before that is written down, ms. */
const ASTRAY_MS_MAX = 1000;

export interface DeadlineClock {
  readonly db: JournalDatabase;
  /** The broker's own, ms. */
  readonly now: number;
  /** By the clocks of the machine. */
  reading(): TimeReading;
  wallMs(): number;
}

export class Deadlines {
  readonly #host: DeadlineClock;
  readonly #away: number;
  /** Requests granted to their consumer, and when; written with the next transaction. */
  #starts = new Map<number, number>();
  /** Names that the running transaction arms. */
  #arming: { readonly tx: Transaction | undefined; readonly names: Set<string> } = {
    tx: undefined,
    names: new Set(),
  };
  #nextDue: number;
  #quietUntil: number;
  /** By how much the wall clock was ahead of the broker's when the anchor was written; unknown after a start. */
  #anchoredAhead = Number.NEGATIVE_INFINITY;

  constructor(host: DeadlineClock) {
    this.#host = host;
    const anchor = readAnchor(host.db);
    this.#away = anchor === undefined ? 0 : anchor.clock + timeSince(anchor, host.reading()) - host.now;
    this.#nextDue = readNextDue(host.db);
    this.#quietUntil = host.now + GRACE_MS;
  }

  /** Ms; goes on while no broker runs. */
  get now(): number {
    return this.#host.now + this.#away;
  }

  /** The broker did not run for a while: its clients may have more to say than it has heard. */
  stoodStill(): void {
    this.#quietUntil = this.#host.now + GRACE_MS;
  }

  /** Call after all input was handled. */
  get isDue(): boolean {
    return this.#nextDue <= this.now && this.#host.now >= this.#quietUntil;
  }

  /** What has to be written waits for a transaction that does not come: starts, or that the wall clock was set. */
  get hasToWrite(): boolean {
    const [first] = this.#starts.values();
    return (first !== undefined && this.now - first >= START_MS_MAX) || this.#isAstray;
  }

  get #isAstray(): boolean {
    if (this.#nextDue === Number.POSITIVE_INFINITY) return false;
    return Math.abs(this.#ahead - this.#anchoredAhead) > ASTRAY_MS_MAX;
  }

  get #ahead(): number {
    return this.#host.wallMs() - this.#host.now;
  }

  /** Requests went out to those that answer them. */
  granted(seqs: readonly number[]): void {
    for (const seq of seqs) if (!this.#starts.has(seq)) this.#starts.set(seq, this.now);
  }

  /** With the request, when the transaction is whole: all of a name at once. `cut`: nobody will be asked. */
  arm(tx: Transaction, s: PreparedSignal, seq: number, cut: boolean): void {
    if (s.request === null) return;
    const { name, limitMs } = s.request;
    if (this.#arming.tx !== tx) this.#arming = { tx, names: new Set() };
    if (!this.#arming.names.has(name)) {
      this.#arming.names.add(name);
      tx.beforeCommit(() => tx.db.prepare(ARM).run(seq, tx.nextSeq - 1, name, limitMs));
    }
    if (cut) tx.beforeCommit(() => tx.db.prepare(WITHDRAW).run(seq));
  }

  /** With the answer: of the request that it names as its cause, else of the one that matches and runs longest, else fired. */
  answer(tx: Transaction, s: PreparedSignal, seq: number): void {
    const { answers } = s;
    if (answers === null) return;
    tx.beforeCommit(() => {
      this.writeStarts(tx);
      const row = causeOf(tx, s, answers) ?? matching(tx, answers);
      if (row === undefined || row.closed_by !== 0) return;
      if (row.state <= RUNNING) tx.db.prepare(ANSWER).run(seq, row.request_seq);
      else if (row.state === FIRED)
        tx.db.prepare(ANSWER_LATE).run(seq, Math.max(0, Math.round(this.now - row.due)), row.request_seq);
    });
  }

  /** Starts what was granted meanwhile; the last step of each transaction. */
  writeStarts(tx: Transaction): void {
    if (this.#starts.size === 0) return;
    const starts = this.#starts;
    for (const [from, to, at] of runsOf(starts)) tx.db.prepare(START).run(Math.ceil(at), from, to);
    tx.usesClock = true;
    tx.afterCommit(() => {
      if (this.#starts === starts) this.#starts = new Map();
      this.#nextDue = readNextDue(tx.db);
    });
  }

  /** `consumer` works on it (or never will: its delivery is damaged), whatever the bus forgot of a grant. */
  start(tx: Transaction, consumer: Consumer, seq: number): void {
    for (const { name } of requestsTo(consumer.name)) {
      const { changes } = tx.db.prepare(START_NAMED).run(Math.ceil(this.now), seq, seq, name);
      if (changes > 0) this.changed(tx);
    }
  }

  /** A consumer lets go of a request's name: nobody is left to answer. */
  withdraw(tx: Transaction, consumer: Consumer, name: string): void {
    if (requestKind(name)?.answering === consumer.name) tx.db.prepare(WITHDRAW_ALL).run(name);
  }

  /** Deliveries from `from` to `to` wait at `consumer` after all. */
  rearm(tx: Transaction, consumer: Consumer, from: number, to: number): void {
    for (const { name } of requestsTo(consumer.name)) tx.db.prepare(REARM).run(consumer.cid, name, from, to);
  }

  /** Something is due at another time than before. */
  changed(tx: Transaction): void {
    tx.usesClock = true;
    tx.afterCommit(() => (this.#nextDue = readNextDue(tx.db)));
  }

  /** What a later broker counts on from; with the broker's clock. */
  writeAnchor(tx: Transaction): void {
    const ahead = this.#ahead;
    tx.afterCommit(() => (this.#anchoredAhead = ahead));
    const own = Math.ceil(this.#host.now);
    const anchor: Anchor = { ...this.#host.reading(), clock: own + this.#away, own };
    this.#host.db
      .prepare("INSERT INTO meta(k, v) VALUES('anchor', ?) ON CONFLICT DO UPDATE SET v = excluded.v")
      .run(summed(anchor));
  }
}

function readNextDue(db: JournalDatabase): number {
  return (db.prepare(NEXT_DUE).get() as { due: number | null }).due ?? Number.POSITIVE_INFINITY;
}

function readAnchor(db: JournalDatabase): Anchor | undefined {
  const row = db.prepare("SELECT v FROM meta WHERE k = 'anchor'").get() as { v: unknown } | null;
  return parseAnchor(row?.v);
}

/** Runs of neighbouring requests that were granted at one time: one statement each. */
function* runsOf(starts: ReadonlyMap<number, number>): Generator<[from: number, to: number, at: number]> {
  let run: [number, number, number] | undefined;
  for (const [seq, at] of [...starts].toSorted(([a], [b]) => a - b)) {
    if (run !== undefined && run[1] === seq - 1 && run[2] === at) {
      run[1] = seq;
      continue;
    }
    if (run !== undefined) yield run;
    run = [seq, seq, at];
  }
  if (run !== undefined) yield run;
}

type Answers = NonNullable<PreparedSignal["answers"]>;

function causeOf(tx: Transaction, s: PreparedSignal, answers: Answers): DeadlineRow | undefined {
  if (s.cause === null) return undefined;
  const row = tx.db.prepare(BY_CAUSE).get(s.cause) as (DeadlineRow & { name: string }) | null;
  return row !== null && answers.some(({ kind }) => kind.name === row.name) ? row : undefined;
}

function matching(tx: Transaction, answers: Answers): DeadlineRow | undefined {
  for (const statement of [RUNNING_MATCH, FIRED_MATCH])
    for (const { kind, value } of answers) {
      if (kind.matchFact === undefined || typeof value !== "string") continue;
      const row = tx.db.prepare(statement).get(kind.name, kind.matchFact, value) as DeadlineRow | null;
      if (row !== null) return row;
    }
  return undefined;
}
