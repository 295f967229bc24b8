/**
 * The broker: one journal, many sessions. Collects operations, commits them together, and hands out deliveries.
 *
 * Invariants: nothing is answered, delivered or announced before the commit that made it true returned; memory
 * changes only after that commit; leases and retries run on a clock that stands still while the broker does not run,
 * so that a stopped bus lets nothing expire that its clients kept alive.
 */
import type { FileLock } from "@kloros/file-lock";
import { acquireFileLock } from "@kloros/file-lock";
import { dirname, join } from "node:path";
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
import { type Consumer, type Holder, Subscriptions, loadConsumers } from "./consumers.ts";
import { JournalDatabase, JournalError, JournalFullError } from "./database.ts";
import { Deadlines } from "./deadlines.ts";
import { grant, wake } from "./grants.ts";
import { LoopGuard } from "./loop_guard.ts";
import { checkBeforeStart } from "./start_check.ts";
import { setAsideAtStart } from "./start_damage.ts";
import { CommitMark } from "./commit_mark.ts";
import { IdMemo } from "./id_memo.ts";
import { Upkeep, type UpkeepOptions } from "./upkeep.ts";
import type { Host } from "./host.ts";
import { readMeta, startEpoch, writeMeta } from "./meta.ts";
import { type Operation, operation } from "./operation.ts";
import type { PreparedSignal } from "./prepare.ts";
import { type Reader, openReader } from "./reader.ts";
import { expireLeases } from "./releases.ts";
import { BrokerSession } from "./session.ts";
import { SetAside } from "./set_aside.ts";
import { followUp } from "./stored.ts";
import { type Boot, type TimeReading, machineBoot } from "./time_away.ts";
import { fireDue } from "./timeouts.ts";
import { Transaction } from "./transaction.ts";

export interface BrokerClock {
  /** UTC, ms. */
  wallMs(): number;
  /** Monotonic, ms. */
  monotonicMs(): number;
  /** Boot of the machine and the time since, to tell how long no broker ran; absent: the wall clock tells. Asked at the start. */
  boot?(): Boot | undefined;
}

export interface BrokerOptions extends UpkeepOptions {
  /** File of the journal, or ":memory:". */
  readonly path: string;
  readonly clock?: BrokerClock;
  readonly random?: () => number;
  /** Commit by itself soon after an operation arrives (default), or only when the host calls `flush()`. */
  readonly autoFlush?: boolean;
  readonly version?: string;
  /** The journal broke (I/O error, damage): nothing more will be acknowledged; the host must exit. */
  readonly onFatal?: (error: unknown) => void;
}

const SYSTEM_CLOCK: BrokerClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  boot: machineBoot,
};

/** A tick or flush advances the broker's clock by at most this: a longer gap was a stop, not waiting, ms. */
const CLOCK_STEP_MAX = 250;
/** A longer gap: who knows what its clients said meanwhile, ms. */
const STOOD_STILL_MS = 1000;

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
  readonly #boot: Boot | undefined;
  readonly #bootSeen: number;
  /** False: the journal was too large for a start to look at all of it; an audit should. */
  readonly checkedWhole: boolean;
  readonly #mark: CommitMark;
  readonly #upkeep: Upkeep;
  readonly #clock: BrokerClock;
  readonly #lock: FileLock | undefined;
  readonly #autoFlush: boolean;
  readonly #onFatal: ((error: unknown) => void) | undefined;
  readonly #live = new Set<LiveListener>();
  readonly #damaged = new SetAside();
  #queue: Operation[] = [];
  #announcements: { name: string; body: string }[] = [];
  #nextSeq: number;
  #token = 0;
  #now: number;
  #seen: number;
  #scheduled = false;
  #fatal: unknown;
  #closed = false;

  /** Locks, opens and checks the journal. Throws `FileLockHeldError`, `JournalError`. */
  constructor(options: BrokerOptions) {
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.random = options.random ?? Math.random;
    this.version = options.version ?? "0";
    this.#autoFlush = options.autoFlush ?? true;
    this.#onFatal = options.onFatal;
    this.#lock =
      options.path === ":memory:"
        ? undefined
        : acquireFileLock(join(dirname(options.path), "journal.lock"), "chemical-bus");
    let db: JournalDatabase | undefined;
    try {
      const { damaged, complete } = checkBeforeStart(options.path);
      this.checkedWhole = complete;
      this.db = db = new JournalDatabase(options.path);
      setAsideAtStart(this.db, damaged, this.#clock.wallMs());
      this.count("damaged", damaged.filter(({ seq }) => seq > 0).length);
      this.epoch = startEpoch(this.db);
      for (const consumer of loadConsumers(this.db)) this.consumers.set(consumer.name, consumer);
    } catch (error) {
      db?.close();
      this.#lock?.release();
      throw error;
    }
    this.#nextSeq = readMeta(this.db, "next_seq", 1);
    this.#now = readMeta(this.db, "clock", 0);
    this.#seen = this.#clock.monotonicMs();
    this.startedAt = this.#clock.wallMs();
    this.subscriptions = new Subscriptions(this.consumers.values());
    this.reader = openReader(this.db);
    this.memo = new IdMemo(this.db);
    this.#boot = this.#clock.boot?.();
    this.#bootSeen = this.#seen;
    this.deadlines = new Deadlines(this);
    this.#mark = new CommitMark(this.db, this.epoch, this.lastSeq);
    this.#upkeep = this.#keepUp(options);
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
    return this.#now;
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
    const boot = this.#boot;
    const uptimeMs = (boot?.uptimeMs ?? 0) + this.#clock.monotonicMs() - this.#bootSeen;
    return { wallMs: this.#clock.wallMs(), boot: boot === undefined ? undefined : { id: boot.id, uptimeMs } };
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
    else if (this.deadlines.startsWait) this.#housekeeping(() => undefined);
    this.flush();
    if (this.#fatal === undefined) this.#upkeep.tick(this.#now, this.counters["transactions"] ?? 0);
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

  #keepUp(options: UpkeepOptions): Upkeep {
    const kept = {
      db: this.db,
      memo: this.memo,
      mark: this.#mark,
      readsWaiting: () => this.reader.waiting,
      housekeeping: (work: (tx: Transaction) => void) => this.#housekeeping(work),
      count: (name: string, by?: number) => this.count(name, by),
    };
    return new Upkeep(kept, options);
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
    writeMeta(this.db, "clock", Math.ceil(this.#now));
    this.deadlines.writeAnchor();
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
        now: this.#now,
        nextToken: () => `${this.epoch}.${++this.#token}`,
        client: this.#load(consumer, holder),
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

  /** What is suspect and in work at the client that holds `consumer`. */
  #load(consumer: Consumer, holder: Holder): { suspects: number; leases: number } {
    const load = { suspects: consumer.suspects, leases: consumer.leases.size };
    for (const other of this.consumers.values()) {
      if (other === consumer || other.holder !== holder) continue;
      load.suspects += other.suspects;
      load.leases += other.leases.size;
    }
    return load;
  }

  #setAside(): void {
    this.#housekeeping((tx) => {
      const rows = this.#damaged.apply(tx);
      tx.afterCommit(() => this.count("damaged", rows));
    });
  }

  #expire(consumer: Consumer): void {
    let due = false;
    for (const lease of consumer.leases.values()) due ||= lease.expiresAt <= this.#now;
    if (!due) return;
    this.#housekeeping((tx) => {
      const seqs = expireLeases(tx, consumer, this.#now);
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
    const seen = this.#clock.monotonicMs();
    if (seen - this.#seen > STOOD_STILL_MS) this.deadlines.stoodStill();
    this.#now += Math.min(Math.max(0, seen - this.#seen), CLOCK_STEP_MAX);
    this.#seen = seen;
  }

  #withLeases(item: Page["items"][number]): Page["items"][number] {
    const leased = (name: string): boolean => this.consumers.get(name)?.leases.has(item.seq) ?? false;
    return {
      ...item,
      deliveries: item.deliveries.map((d) => (leased(d.consumer) ? { ...d, state: "leased" as const } : d)),
    };
  }
}
