/** One client of the broker: turns its calls into operations of the next transaction. */
import type { Lane } from "@kloros/signal-schema";
import type {
  AttachResult,
  ConsumerSpec,
  HeldLease,
  PublishResult,
  Session,
  SessionInfo,
  SessionPort,
  SettleItem,
  SettleResult,
} from "./broker_types.ts";
import { attach } from "./attach.ts";
import { seal } from "./checksum.ts";
import type { Consumer, Holder } from "./consumers.ts";
import type { Host } from "./host.ts";
import { bodyHash } from "./upkeep/id_memo.ts";
import { type Invalid, type PreparedSignal, prepareSignal, sameBody } from "./prepare.ts";
import { releaseAll, suspectAll } from "./releases.ts";
import { DEFAULTS, type PreparedSettle, settleAll } from "./settle.ts";
import type { Transaction } from "./transaction.ts";

const PLAN_BYTES_MAX = 64 * 1024;

export class BrokerSession implements Session, Holder {
  readonly info: SessionInfo;
  readonly port: SessionPort;
  readonly openedAt: number;
  readonly #host: Host;
  readonly #silenceMs: number;
  #heard: number;
  /** No operations any more. */
  ended = false;

  constructor(host: Host, info: SessionInfo, port: SessionPort, silenceMs: number) {
    this.#host = host;
    this.info = info;
    this.port = port;
    this.#silenceMs = silenceMs;
    this.openedAt = host.now;
    this.#heard = host.now;
  }

  get instance(): string {
    return this.info.instance;
  }
  get pid(): number {
    return this.info.pid;
  }
  get service(): string {
    return this.info.service;
  }

  live(): boolean {
    return !this.ended && this.#host.now - this.#heard < this.#silenceMs;
  }

  touch(): void {
    this.#heard = this.#host.now;
  }

  publish(envelopes: readonly string[]): Promise<readonly PublishResult[]> {
    const prepared = envelopes.map((body) => prepareSignal(body, this.info.service));
    return this.#host.run((tx) => prepared.map((s) => this.#store(tx, s)), {
      full: (text) => prepared.map((s) => ("status" in s ? s : { status: "busy", text })),
    });
  }

  attach(spec: ConsumerSpec, held: readonly HeldLease[]): Promise<AttachResult> {
    return this.#host.run((tx) => attach(this.#host, tx, this, spec, held), { solo: true });
  }

  credit(name: string, lane: Lane, total: number): void {
    const consumer = this.#held(name);
    if (consumer === undefined) return;
    if (Number.isSafeInteger(total)) consumer.credit[lane === "urgent" ? 0 : 1] = total;
    this.#host.wakeUp();
  }

  settle(name: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]> {
    const prepared = items.map((item) => this.#prepareSettle(item));
    const accepted = prepared.flatMap((p) => ("status" in p ? [] : [p]));
    return this.#host.run((tx) => this.#settle(tx, name, prepared, accepted), {
      full: (text) => prepared.map((p) => ("status" in p ? p : { status: "busy", text })),
    });
  }

  plan(name: string, seq: number, token: string, plan: string): Promise<SettleResult> {
    if (plan.length > PLAN_BYTES_MAX) {
      return Promise.resolve({
        status: "refused",
        code: "too_large",
        text: `a plan of ${plan.length} characters; at most ${PLAN_BYTES_MAX}`,
      });
    }
    return this.#host.run<SettleResult>(
      (tx) => {
        const consumer = this.#held(name);
        if (consumer === undefined || tx.leaseOf(consumer, seq)?.token !== token) return { status: "gone" };
        tx.db
          .prepare("UPDATE delivery SET plan = ? WHERE cid = ? AND seq = ?")
          .run(seal(plan), consumer.cid, seq);
        return { status: "ok" };
      },
      { full: (text) => ({ status: "busy", text }) },
    );
  }

  extend(name: string, items: readonly HeldLease[]): readonly number[] {
    const consumer = this.#held(name);
    const gone: number[] = [];
    for (const { seq, token } of items) {
      const lease = consumer?.leases.get(seq);
      if (lease === undefined || lease.token !== token) gone.push(seq);
      else lease.expiresAt = this.#host.now + (consumer?.spec.leaseMs ?? DEFAULTS.leaseMs);
    }
    return gone;
  }

  /** Never rejects: on a full disk, or in a broken journal, its leases go when the next holder comes or they expire. */
  close(options: { readonly clean: boolean }): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.ended = true;
    this.#host.sessions.delete(this);
    return this.#host
      .run((tx) => this.#letGo(tx, options.clean), { full: () => undefined })
      .catch(() => undefined);
  }

  /** Ended by the broker: no operations any more. */
  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#host.sessions.delete(this);
    this.port.closed(reason);
  }

  #letGo(tx: Transaction, clean: boolean): void {
    const mine = [...this.#host.consumers.values()].filter((consumer) => consumer.holder === this);
    if (clean) for (const consumer of mine) releaseAll(tx, consumer, this.#host.now);
    else suspectAll(tx, mine, this.#host.now);
    tx.afterCommit(() => {
      for (const consumer of mine) consumer.holder = undefined;
    });
  }

  #held(name: string): Consumer | undefined {
    const consumer = this.#host.consumers.get(name);
    return consumer?.holder === this ? consumer : undefined;
  }

  #store(tx: Transaction, s: PreparedSignal | Invalid): PublishResult {
    if ("status" in s) {
      tx.afterCommit(() => this.#host.count("invalid"));
      return s;
    }
    if (s.live) {
      this.#host.noteStored(tx, s, 0);
      return { status: "announced" };
    }
    if (this.#host.tight)
      return { status: "busy", text: "the disk of the journal is nearly full; nothing was lost, try again" };
    const seq = tx.append(s);
    if (seq === undefined) return this.#known(tx, s);
    this.#note(tx, s, seq);
    return { status: "stored", seq };
  }

  #known(tx: Transaction, s: PreparedSignal): PublishResult {
    const known = this.#stored(tx, s);
    const { seq } = known;
    if (known.same) {
      tx.afterCommit(() => this.#host.count("duplicate"));
      return { status: "duplicate", seq };
    }
    tx.afterCommit(() => this.#host.count("conflict"));
    return {
      status: "conflict",
      seq,
      text: `id ${s.id} is taken by another ${s.name} (sequence ${seq}); the first one stays`,
    };
  }

  /** What is stored under this id, or was until retention took it. */
  #stored(tx: Transaction, s: PreparedSignal): { readonly seq: number; readonly same: boolean } {
    const memo = tx.memo.find(s.id);
    if (memo !== undefined) return { seq: memo.seq, same: memo.body_hash === bodyHash(s.body) };
    const row = tx.db.prepare("SELECT seq, body FROM signal WHERE id = ?").get(s.id) as {
      seq: number;
      body: string;
    };
    return { seq: row.seq, same: sameBody(row.body, s.body) };
  }

  #note(tx: Transaction, s: PreparedSignal, seq: number): void {
    this.#host.noteStored(tx, s, seq);
  }

  #prepareSettle(item: SettleItem): PreparedSettle | Extract<SettleResult, { status: "refused" }> {
    if (item.outcome.kind !== "done") return { ...item, outcome: item.outcome };
    const emits: PreparedSignal[] = [];
    for (const body of item.outcome.emits) {
      const s = prepareSignal(body, this.info.service);
      if ("status" in s) return { status: "refused", code: s.code, text: s.text };
      emits.push(s);
    }
    return { ...item, outcome: { ...item.outcome, emits } };
  }

  #settle(
    tx: Transaction,
    name: string,
    prepared: readonly (PreparedSettle | Extract<SettleResult, { status: "refused" }>)[],
    accepted: readonly PreparedSettle[],
  ): SettleResult[] {
    const consumer = this.#held(name);
    if (consumer === undefined) return prepared.map((p) => ("status" in p ? p : { status: "gone" }));
    const results = settleAll(tx, consumer, accepted, {
      now: this.#host.now,
      random: this.#host.random,
      onAppended: (s, seq) => this.#note(tx, s, seq),
      onKnown: (s) => void this.#known(tx, s),
    });
    let next = 0;
    return prepared.map((p) => ("status" in p ? p : (results[next++] as SettleResult)));
  }
}
