/**
 * The consumption runner: turns granted deliveries into handler calls and their outcomes into commits, the same way on every
 * transport.
 *
 * Invariants: at most `concurrency` handlers run in the normal lane and `urgentConcurrency` in the urgent one (one in all with
 * state); a delivery is settled at most once, and never after its lease was lost; credit is an absolute total per lane since
 * attach: received + capacity − what is still owed, so it never falls until a drain withdraws it.
 */
import type { AttachResult, ConsumerSpec, GrantedDelivery, HeldLease } from "@kloros/journal";
import type { Lane } from "@kloros/signal-schema";
import type { Ambient } from "./ambient.ts";
import { inbound } from "./envelope_text.ts";
import { DeniedError, LeaseLostError, RetryableError } from "./errors.ts";
import { GRACE_MS, LeaseKeeper } from "./lease_keeper.ts";
import type { Link } from "./link.ts";
import { type Judged, outcomeOfError, outcomeOfResult } from "./outcome.ts";
import { savePlan } from "./plan.ts";
import { Settlement } from "./settlement.ts";
import { Slots } from "./slots.ts";
import type { ConsumeOptions, Consumption, Handler, SettledEvent } from "./types.ts";
import { Work } from "./work.ts";

const LANES: readonly Lane[] = ["urgent", "normal"];
const HANDLER_TIMEOUT_MS = 60_000;

/** A round trip to the bus. */
const WITHDRAW_MS = 1000;

export class ConsumptionRunner implements Consumption {
  readonly name: string;
  readonly spec: ConsumerSpec;
  readonly ended: Promise<void>;
  readonly #options: ConsumeOptions;
  readonly #handler: Handler;
  readonly #link: Link;
  readonly #ambient: Ambient;
  readonly #slots: Slots;
  readonly #settlement: Settlement;
  readonly #keeper: LeaseKeeper;
  /** Everything we owe an outcome, by token. */
  readonly #works = new Map<string, Work>();
  readonly #end = Promise.withResolvers<void>();
  /** Sequence numbers granted again before we were told that the earlier lease is gone: that news is old then. */
  readonly #regranted = new Set<number>();
  #attached = false;
  #draining = false;
  #over = false;
  #idle: (() => void) | undefined;
  #sent = { normal: 0, urgent: 0 };

  constructor(options: ConsumeOptions, handler: Handler, link: Link, ambient: Ambient) {
    this.name = options.name;
    this.spec = specOf(options);
    this.#options = options;
    this.#handler = handler;
    this.#link = link;
    this.#ambient = ambient;
    this.#slots = new Slots(options);
    this.#settlement = new Settlement(options.name, link, ambient, {
      settled: (work, judged) => {
        this.#settled(work, judged);
      },
      gone: (work) => {
        this.#lose(work, "the journal says that the lease is not ours any more");
      },
      flushed: () => {
        this.#grant();
      },
    });
    this.#keeper = new LeaseKeeper(ambient, {
      works: () => this.#works.values(),
      extend: (leases) => {
        link.extend(options.name, leases);
      },
      handlerTimeoutMs: options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS,
      giveUp: (work) => {
        this.#giveUp(work);
      },
    });
    this.ended = this.#end.promise;
    // Whoever does not wait for `ended` still learns of a refusal through `consume` or the bus state.
    this.ended.catch(() => undefined);
  }

  get active(): number {
    return this.#slots.active;
  }

  /** Leases to state at a reconnect: also those whose outcome is under way. */
  held(): readonly HeldLease[] {
    return Array.from(this.#works.values(), (work) => work).flatMap((work) =>
      work.phase === "lost" ? [] : [work.lease],
    );
  }

  async attach(): Promise<void> {
    const result = await this.#link.attach(this.spec, () => this.held());
    if (!result.ok) throw this.#refuse(result);
    this.#attached = true;
    this.#grant();
  }

  reattached(result: AttachResult): void {
    if (this.#over) return;
    if (!result.ok) {
      this.#end.reject(this.#refuse(result));
      return;
    }
    this.#slots.restart();
    this.#regranted.clear();
    this.#sent = { normal: 0, urgent: 0 };
    this.gone(result.gone);
    this.#grant();
  }

  deliver(deliveries: readonly GrantedDelivery[]): void {
    const now = this.#ambient.monotonicMs();
    this.#loseRegranted(deliveries);
    for (const grant of deliveries) this.#receive(grant, now);
    this.#keeper.wake();
    this.#pump();
  }

  /** A settlement under way is answered by itself: the journal knows whether it was applied. */
  gone(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    const set = new Set(seqs.filter((seq) => !this.#regranted.delete(seq)));
    for (const work of [...this.#works.values()]) {
      if (set.has(work.seq) && work.phase !== "settling") this.#lose(work, "the lease ended");
    }
    this.#pump();
  }

  /** A newer grant of a delivery says by itself that the lease before it is gone. */
  #loseRegranted(deliveries: readonly GrantedDelivery[]): void {
    // Only a second attempt can be one.
    const again = new Set(deliveries.flatMap((grant) => (grant.attempt > 1 ? [grant.seq] : [])));
    if (again.size === 0) return;
    for (const work of [...this.#works.values()]) {
      if (!again.has(work.seq)) continue;
      this.#regranted.add(work.seq);
      this.#lose(work, "it was granted anew");
    }
  }

  async drain(graceMs: number): Promise<void> {
    if (this.#over) return;
    this.#draining = true;
    await this.#withdrawCredit();
    await this.handBack(graceMs);
  }

  /** As `drain`, for a connection that ends: the bus gives it nothing more anyway. */
  async handBack(graceMs: number): Promise<void> {
    if (this.#over) return;
    this.#draining = true;
    for (const work of this.#slots.takeQueued()) this.#release(work);
    if (!(await this.#settledWithin(graceMs))) {
      for (const work of [...this.#works.values()]) {
        if (work.phase !== "running") continue;
        work.stop(new RetryableError("drained", "the consumer stops and hands this delivery back"));
        this.#release(work);
      }
      await this.#settledWithin(Math.max(1000, graceMs));
    }
    this.finish("drained");
  }

  /** Ends without waiting: what is left goes back by the lease. `error`: the bus refused this process for good. */
  finish(why: string, error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#link.forget(this.name);
    this.#keeper.stop();
    for (const work of [...this.#works.values()]) this.#lose(work, why);
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }

  #refuse(result: Extract<AttachResult, { ok: false }>): DeniedError {
    this.#over = true;
    this.#link.forget(this.name);
    this.#keeper.stop();
    for (const work of [...this.#works.values()]) this.#lose(work, result.text);
    return new DeniedError(result.code, result.text, result.holderPid);
  }

  #receive(grant: GrantedDelivery, now: number): void {
    this.#slots.received(grant.lane);
    const read = inbound(grant.body);
    const signal = read.ok ? read.envelope : unreadable(grant);
    const work = new Work(grant, signal, now, (of, plan) => this.#savePlan(of, plan));
    this.#works.set(grant.token, work);
    if (!read.ok) {
      const error = `${read.code}: ${read.text}`;
      this.#slots.skip(work);
      this.#settle(work, { outcome: { kind: "dead", reason: "invalid", error }, emitted: [], error });
    } else if (this.#draining || this.#over) {
      this.#slots.skip(work);
      this.#release(work);
    } else {
      this.#slots.queue(work);
    }
  }

  #pump(): void {
    if (this.#draining) return;
    for (const lane of LANES) {
      for (let work = this.#slots.next(lane); work !== undefined; work = this.#slots.next(lane)) {
        void this.#run(work);
      }
    }
  }

  async #run(work: Work): Promise<void> {
    work.phase = "running";
    work.startedAt = this.#ambient.monotonicMs();
    let judged: Judged;
    try {
      judged = outcomeOfResult(await this.#handler(work));
    } catch (error) {
      judged = outcomeOfError(error);
    }
    this.#slots.done(work);
    if (work.phase === "running") {
      this.#settle(work, work.timedOutAt === undefined ? judged : this.#tooSlow(work));
    }
    this.#pump();
    this.#settlement.schedule();
    this.#checkIdle();
  }

  #tooSlow(work: Work): Judged {
    return outcomeOfError(work.stopped ?? new RetryableError("timeout", "the handler took too long"));
  }

  /** The handler did not even react to its abort signal: its slot is freed, its result will be ignored. */
  #giveUp(work: Work): void {
    if (work.phase !== "running") return;
    this.#slots.done(work);
    this.#settle(work, this.#tooSlow(work));
    this.#pump();
  }

  #settle(work: Work, judged: Judged): void {
    work.phase = "settling";
    this.#slots.settling(work);
    this.#settlement.add(work, judged);
  }

  #release(work: Work): void {
    this.#settle(work, { outcome: { kind: "release" }, emitted: [] });
  }

  #settled(work: Work, judged: Judged): void {
    this.#forget(work);
    this.#tell(work, judged.outcome.kind, judged);
    this.#settlement.schedule();
  }

  #lose(work: Work, why: string): void {
    if (work.phase === "lost") return;
    const error = new LeaseLostError(
      `${this.name}: signal ${work.signal.id} (seq ${String(work.seq)}) is not ours any more: ${why}`,
    );
    work.stop(error);
    const running = work.phase === "running";
    this.#slots.lost(work);
    work.phase = "lost";
    this.#forget(work);
    this.#tell(work, "gone", { outcome: { kind: "release" }, emitted: [], error });
    if (this.#over) return;
    this.#settlement.schedule();
    if (running) this.#freeLater(work);
  }

  /** A handler that ignores its abort signal must not hold its slot for ever. */
  #freeLater(work: Work): void {
    this.#ambient.after(GRACE_MS, () => {
      this.#slots.done(work);
      this.#pump();
      if (!this.#over) this.#settlement.schedule();
    });
  }

  #forget(work: Work): void {
    this.#works.delete(work.grant.token);
    this.#slots.settled(work);
    this.#checkIdle();
  }

  #savePlan(work: Work, plan: unknown): Promise<void> {
    return savePlan(work, plan, this.name, this.#link, this.#ambient, () => {
      this.#lose(work, "its plan was refused");
    });
  }

  #tell(work: Work, outcome: SettledEvent["outcome"], judged: Judged): void {
    const listener = this.#options.onSettled;
    if (listener === undefined) return;
    listener({
      delivery: work,
      outcome,
      ...(judged.error === undefined ? {} : { error: judged.error }),
      emitted: outcome === "done" ? judged.emitted : [],
      durationMs: this.#ambient.monotonicMs() - work.startedAt,
    });
  }

  #grant(): void {
    if (!this.#attached || this.#draining || this.#over) return;
    const totals = { normal: this.#slots.total("normal"), urgent: this.#slots.total("urgent") };
    if (totals.normal === this.#sent.normal && totals.urgent === this.#sent.urgent) return;
    this.#sent = totals;
    this.#link.credit(this.name, totals);
  }

  /** Credit that is left would bring a delivery that nobody waits for: what is under way is here when the bus has answered. */
  async #withdrawCredit(): Promise<void> {
    if (!this.#attached) return;
    this.#sent = { normal: 0, urgent: 0 };
    this.#link.credit(this.name, this.#sent);
    // A bus that does not answer is away, and all its leases go back.
    await this.#link.ping(WITHDRAW_MS).catch(() => undefined);
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#works.size === 0 && this.#slots.active === 0) this.#idle();
  }

  async #settledWithin(ms: number): Promise<boolean> {
    if (this.#works.size === 0 && this.#slots.active === 0) return true;
    return new Promise((resolve) => {
      const cancel = this.#ambient.after(ms, () => {
        this.#idle = undefined;
        resolve(false);
      });
      this.#idle = () => {
        this.#idle = undefined;
        cancel();
        resolve(true);
      };
    });
  }
}

function specOf(options: ConsumeOptions): ConsumerSpec {
  const { name, signals, start, stateKey, leaseMs, attemptsMax, backoffMs, backoffMsMax } = options;
  return {
    name,
    signals,
    start,
    ...(stateKey === undefined ? {} : { stateKey }),
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(attemptsMax === undefined ? {} : { attemptsMax }),
    ...(backoffMs === undefined ? {} : { backoffMs }),
    ...(backoffMsMax === undefined ? {} : { backoffMsMax }),
  };
}

/** Stands in for a body that is no envelope, so that `onSettled` has something to show. */
function unreadable(grant: GrantedDelivery): Work["signal"] {
  return {
    signal: "?",
    timestamp: "",
    source: "?",
    facts: { body: grant.body.slice(0, 1000) },
    id: `seq ${String(grant.seq)}`,
    trace: "",
    hops: 0,
  };
}
