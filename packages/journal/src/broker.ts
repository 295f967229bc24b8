/**
 * The broker: one journal, many sessions. Collects operations, commits them together, and hands out deliveries.
 *
 * Invariants: nothing is answered, delivered or announced before the commit that made it true returned; memory
 * changes only after that commit; leases and retries run on a clock that stands still while the broker does not run,
 * so that a stopped bus lets nothing expire that its clients kept alive.
 */
import type { FileLock } from "@kloros/file-lock";
import type {
  AdminOp,
  AdminOps,
  GrantedDelivery,
  Page,
  ReadQuery,
  Session,
  SessionInfo,
  SessionPort,
} from "./broker_types.ts";
import { runAdmin } from "./admin.ts";
import { type BrokerOptions, SYSTEM_CLOCK } from "./broker_options.ts";
import { type Consumer, Subscriptions } from "./consumers.ts";
import { type JournalDatabase, JournalError, JournalFullError } from "./database.ts";
import { Deadlines } from "./deadlines/deadlines.ts";
import { clientLoad, grant, wake } from "./grants.ts";
import { LoopGuard } from "./loop_guard.ts";
import type { CommitMark } from "./commit_mark.ts";
import type { IdMemo } from "./upkeep/id_memo.ts";
import { openJournal } from "./start/open_journal.ts";
import { RunningClock } from "./running_clock.ts";
import { Upkeep } from "./upkeep/upkeep.ts";
import type { Host } from "./host.ts";
import { readMeta, writeMeta } from "./meta.ts";
import { type Operation, operation } from "./operation.ts";
import type { PreparedSignal } from "./prepare.ts";
import { type Reader, openReader } from "./reader.ts";
import { expireLeases } from "./releases.ts";
import { BrokerSession } from "./session.ts";
import { SetAside } from "./repair/set_aside.ts";
import { followUp } from "./stored.ts";
import type { TimeReading } from "./deadlines/time_away.ts";
import { fireDue } from "./deadlines/timeouts.ts";
import { Transaction } from "./transaction.ts";

type LiveListener = (name: string, body: string) => void;

export class Broker implements Host {
  readonly db: JournalDatabase;
  readonly consumers = new Map<string, Consumer>();
  readonly sessions = new Set<BrokerSession>();
  readonly subscriptions: Subscriptions;
  readonly reader: Reader;
  readonly random: () => number;
  readonly epoch: number;
  readonly startedAt: number;
  readonly version: string;
  readonly counters: Record<string, number> = {};
  readonly memo: IdMemo;
  readonly deadlines: Deadlines;
  readonly loops = new LoopGuard();
  /** False: the journal was too large for a start to look at all of it; an audit should. */
  readonly checkedWhole: boolean;
  readonly #mark: CommitMark;
  readonly #upkeep: Upkeep;
  readonly #clock: RunningClock;
  readonly #lock: FileLock | undefined;
  readonly #autoFlush: boolean;
  readonly #onFatal: ((error: unknown) => void) | undefined;
  readonly #live = new Set<LiveListener>();
  readonly #damaged = new SetAside();
  #queue: Operation[] = [];
  #announcements: { name: string; body: string }[] = [];
  #nextSeq: number;
  #token = 0;
  #scheduled = false;
  #fatal: unknown;
  #closed = false;

  /** Locks, opens and checks the journal. Throws `FileLockHeldError`, `JournalError`. */
  constructor(options: BrokerOptions) {
    const clock = options.clock ?? SYSTEM_CLOCK;
    this.random = options.random ?? Math.random;
    this.version = options.version ?? "0";
    this.#autoFlush = options.autoFlush ?? true;
    this.#onFatal = options.onFatal;
    this.startedAt = clock.wallMs();
    const journal = openJournal(options.path, this.startedAt, options.openDatabase);
    this.db = journal.db;
    this.#lock = journal.lock;
    this.epoch = journal.epoch;
    this.memo = journal.memo;
    this.checkedWhole = journal.checkedWhole;
    this.#mark = journal.mark;
    this.#nextSeq = journal.nextSeq;
    this.count("damaged", journal.damaged);
    for (const consumer of journal.consumers) this.consumers.set(consumer.name, consumer);
    this.#clock = new RunningClock(clock, readMeta(this.db, "clock", 0));
    this.subscriptions = new Subscriptions(this.consumers.values());
    this.reader = openReader(this.db);
    this.deadlines = new Deadlines(this);
    this.#upkeep = new Upkeep(this, journal.mark, options);
  }

  /** So little room on the disk that what is new has to wait. */
  get tight(): boolean {
    return this.#upkeep.room?.tight ?? false;
  }

  /** What is not as it should be with the mark beside the journal. */
  get markTrouble(): string | undefined {
    return this.#mark.trouble;
  }

  /** The broker's own clock, ms: monotonic across restarts, standing still while nothing runs. */
  get now(): number {
    return this.#clock.now;
  }

  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  /** Number of the newest dead letter, 0 when there is none. */
  get lastDeadLetter(): number {
    return (this.db.prepare("SELECT coalesce(max(n), 0) AS n FROM deadletter").get() as { n: number }).n;
  }

  /** By the clocks of the machine. */
  reading(): TimeReading {
    return this.#clock.reading();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  /** A session for one client. `silenceMs`: without a `touch` for so long it counts as gone and may be displaced. */
  open(info: SessionInfo, port: SessionPort, options: { readonly silenceMs?: number } = {}): Session {
    const session = new BrokerSession(this, info, port, options.silenceMs ?? Number.POSITIVE_INFINITY);
    this.sessions.add(session);
    return session;
  }

  read(query: ReadQuery): Promise<Page> {
    return this.reader
      .page(query)
      .then((page) => ({ ...page, items: page.items.map((item) => this.#withLeases(item)) }));
  }

  /** `service`: in whose name; what it may do is the transport's to check. */
  admin<Op extends AdminOp>(
    op: Op,
    request: AdminOps[Op]["request"],
    service = "operator",
  ): Promise<AdminOps[Op]["result"]> {
    return runAdmin(this, op, request, service);
  }

  /** Every stored or live signal, after its commit. */
  onLive(listener: LiveListener): () => void {
    this.#live.add(listener);
    return () => this.#live.delete(listener);
  }

  /** Queues for the next transaction. */
  enqueue(next: Operation): void {
    if (this.#closed || this.#fatal !== undefined)
      return next.failed(this.#fatal ?? new Error("the bus is closed"));
    this.#queue.push(next);
    this.wakeUp();
  }

  /** Queues `work` and promises its result. */
  run<T>(
    work: (tx: Transaction) => T,
    options: { readonly solo?: boolean; readonly full?: (text: string) => T } = {},
  ): Promise<T> {
    const { operation: next, result } = operation(work, options);
    this.enqueue(next);
    return result;
  }

  /** Something may be grantable: look soon. */
  wakeUp(): void {
    if (!this.#autoFlush || this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Commits what waits, answers, announces, delivers. Drain all input first. */
  flush(): void {
    if (this.#closed) return;
    this.#advance();
    while (this.#queue.length > 0 && this.#fatal === undefined) this.#commit(this.#takeBatch());
    this.#announce();
    if (this.#fatal === undefined) this.#deliver();
  }

  /**
   * Expires leases, delivers what fell due, fires deadlines. Call at least every 250 ms, after the input was drained; while
   * there is more (`drained: false`) no deadline fires: its answer may be in there.
   */
  tick({ drained = true }: { readonly drained?: boolean } = {}): void {
    if (this.#closed) return;
    this.#advance();
    for (const consumer of this.consumers.values()) this.#expire(consumer);
    if (this.#damaged.size > 0) this.#setAside();
    if (drained && this.deadlines.isDue) this.#fireDeadlines();
    else if (this.deadlines.hasToWrite) this.#housekeeping((tx) => void (tx.usesClock = true));
    this.flush();
    if (this.#fatal === undefined) this.#upkeep.tick(this.now, this.counters["transactions"] ?? 0);
  }

  /** Announces after the next commit. */
  announce(s: PreparedSignal): void {
    this.#announcements.push({ name: s.name, body: s.body });
  }

  noteStored(
    tx: Transaction,
    s: PreparedSignal,
    seq: number,
    options: { readonly wanted?: boolean } = {},
  ): void {
    if (!s.live) followUp(tx, this, s, { seq, ...options });
    tx.afterCommit(() => {
      this.announce(s);
      this.count(s.live ? "announced" : "stored");
      if (!s.live) for (const consumer of this.subscriptions.of(s.name)) wake(consumer, s.lane, seq);
    });
  }

  /** Calls a client or a listener: one that throws must not keep the others from what was committed. */
  notify(call: () => void): void {
    try {
      call();
    } catch {
      this.count("listener_failed");
    }
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  /** Commits what waits and closes. Sessions are told. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    for (const session of this.sessions) session.end("the bus stops");
    this.#closed = true;
    for (const next of this.#queue.splice(0)) next.failed(new Error("the bus is closed"));
    this.reader.close();
    this.#upkeep.close(this.#fatal === undefined);
    this.db.close();
    this.#lock?.release();
  }

  #takeBatch(): Operation[] {
    const solo = this.#queue.findIndex((next) => next.solo === true);
    const size = solo === -1 ? this.#queue.length : Math.max(1, solo);
    return this.#queue.splice(0, size);
  }

  #commit(batch: readonly Operation[]): void {
    const tx = new Transaction(this, this.subscriptions, this.#nextSeq, this.#clock.wallMs());
    try {
      this.db.transaction(() => {
        for (const next of batch) next.apply(tx);
        tx.finish();
        this.#writeMeta(tx);
        this.#mark.note();
      });
    } catch (error) {
      this.#refuse(batch, error);
      return;
    }
    this.#nextSeq = tx.nextSeq;
    this.#mark.committed(this.lastSeq);
    tx.committed();
    this.count("transactions");
    for (const next of batch) next.done();
  }

  /** An operation that has no room, or a bug in it, must not fail its neighbours: they are tried one by one. */
  #refuse(batch: readonly Operation[], error: unknown): void {
    if (error instanceof JournalError) return this.#break(batch, error);
    const [first, ...others] = batch;
    if (others.length > 0) {
      for (const next of batch) {
        if (this.#fatal === undefined) this.#commit([next]);
        else next.failed(this.#fatal);
      }
    } else if (error instanceof JournalFullError) {
      this.count("full");
      this.#upkeep.room?.release();
      first?.full(error.message);
    } else {
      this.count("failed");
      first?.failed(error);
    }
  }

  #break(batch: readonly Operation[], error: JournalError): void {
    this.#fatal = error;
    for (const next of [...batch, ...this.#queue]) next.failed(error);
    this.#queue = [];
    this.#onFatal?.(error);
  }

  #writeMeta(tx: Transaction): void {
    if (tx.nextSeq !== this.#nextSeq) writeMeta(this.db, "next_seq", tx.nextSeq);
    if (!tx.usesClock) return;
    writeMeta(this.db, "clock", Math.ceil(this.now));
    this.deadlines.writeAnchor(tx);
  }

  #announce(): void {
    const announcements = this.#announcements;
    this.#announcements = [];
    for (const { name, body } of announcements)
      for (const listener of this.#live) this.notify(() => listener(name, body));
  }

  #deliver(): void {
    for (const consumer of this.consumers.values()) {
      const holder = consumer.holder;
      // Whoever stands still would only let them expire, attempt by attempt.
      if (holder?.live() !== true) continue;
      const { deliveries, requests, damaged } = grant(consumer, {
        db: this.db,
        now: this.now,
        nextToken: () => `${this.epoch}.${++this.#token}`,
        client: clientLoad(this.consumers.values(), holder),
      });
      this.deadlines.granted(requests);
      if (this.#damaged.add(consumer, damaged)) this.#setAside();
      if (deliveries.length > 0) this.#send(deliveries, holder.port);
    }
  }

  #send(deliveries: readonly GrantedDelivery[], port: SessionPort): void {
    this.count("granted", deliveries.length);
    this.notify(() => port.deliver(deliveries));
  }

  #setAside(): void {
    this.#housekeeping((tx) => {
      const rows = this.#damaged.apply(tx);
      tx.afterCommit(() => this.count("damaged", rows));
    });
  }

  #expire(consumer: Consumer): void {
    let due = false;
    for (const lease of consumer.leases.values()) due ||= lease.expiresAt <= this.now;
    if (!due) return;
    this.#housekeeping((tx) => {
      const seqs = expireLeases(tx, consumer, this.now);
      if (seqs.length === 0) return;
      tx.afterCommit(() => {
        this.count("expired", seqs.length);
        const { holder } = consumer;
        if (holder !== undefined) this.notify(() => holder.port.gone(consumer.name, seqs));
      });
    });
  }

  #fireDeadlines(): void {
    const fire = (tx: Transaction): void => {
      const fired = fireDue(tx, this, this.deadlines.now);
      this.deadlines.changed(tx);
      tx.afterCommit(() => this.count("deadlines_passed", fired));
    };
    // Alone: what waits to be stored may answer, and goes first.
    this.#housekeeping(fire, { solo: true });
  }

  /** Nobody waits for it: on a full disk it is done at a later tick, and a broken journal tells its host by itself. */
  #housekeeping(work: (tx: Transaction) => void, options: { readonly solo?: boolean } = {}): void {
    this.run(work, { ...options, full: () => undefined }).catch(() => this.count("housekeeping_failed"));
  }

  #advance(): void {
    if (!this.#clock.advance()) this.deadlines.stoodStill();
  }

  #withLeases(item: Page["items"][number]): Page["items"][number] {
    const leased = (name: string): boolean => this.consumers.get(name)?.leases.has(item.seq) ?? false;
    return {
      ...item,
      deliveries: item.deliveries.map((d) => (leased(d.consumer) ? { ...d, state: "leased" as const } : d)),
    };
  }
}
