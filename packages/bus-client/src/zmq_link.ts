/**
 * The transport to a bus in another process. Keeps one session with the bus: starts a new one whenever one ends, attaches its
 * consumers again with the leases that they still hold, and says again what was not answered.
 *
 * Invariants: at most one session at a time; nothing but HELLO goes out before WELCOME; a request is answered once.
 */
import type {
  AdminOp,
  AdminOps,
  AttachResult,
  ConsumerSpec,
  HeldLease,
  Page,
  PublishResult,
  ReadQuery,
  SettleItem,
  SettleResult,
} from "@kloros/journal";
import type { Readiness } from "@kloros/zmq";
import { type Ambient, backoffMs } from "./ambient.ts";
import { joinLines } from "./codec.ts";
import {
  packSettlement,
  settlementRuns,
  unpackDeliveries,
  unpackPublishResults,
  unpackSettleResults,
} from "./columns.ts";
import { DealerSession } from "./dealer_session.ts";
import { DeniedError, RetryableError } from "./errors.ts";
import type { LaneTotals, Link, LinkEvents } from "./link.ts";
import { openLiveTap } from "./live_tap.ts";
import {
  type BusIncoming,
  type ClientOutgoing,
  PROTOCOL_LIMITS,
  PROTOCOL_VERSION,
  ProtocolError,
} from "./protocol.ts";
import { type Request, Requests } from "./requests.ts";
import type { Tap } from "./types.ts";

export interface LinkTiming {
  /** A bus that is quiet for so long is taken for gone, ms. */
  readonly silenceMs: number;
  /** PING after so long without a message of ours, ms. */
  readonly pingMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** Limit of `read` and `admin`, ms. */
  readonly requestMs: number;
}

/** BUS.md, "Wire protocol". */
export const LINK_TIMING: LinkTiming = {
  silenceMs: 5000,
  pingMs: 1000,
  backoffFirstMs: 50,
  backoffMaxMs: 2000,
  requestMs: 30_000,
};

export interface ZmqLinkOptions {
  readonly endpoint: string;
  readonly liveEndpoint: string | undefined;
  readonly service: string;
  readonly instance: string;
  readonly ambient: Ambient;
  readonly readiness: Readiness;
  readonly timing: LinkTiming;
  /** After the last socket is closed. */
  readonly onClosed: () => Promise<void>;
}

interface Attached {
  readonly spec: ConsumerSpec;
  readonly held: () => readonly HeldLease[];
}

const TAPS_MAX = 32;
/** How long `close` waits for the bus to confirm, ms: otherwise it learns of it by the lost connection. */
const DETACH_MS = 500;

export class ZmqLink implements Link {
  readonly #options: ZmqLinkOptions;
  readonly #requests = new Requests();
  readonly #attached = new Map<string, Attached>();
  readonly #taps = new Set<Tap>();
  #events: LinkEvents | undefined;
  #session: DealerSession | undefined;
  #welcome = false;
  /** In the order in which HELLO named them. */
  #greeted: string[] = [];
  #attempt = 0;
  #closed: Error | undefined;
  #cancelTimers = new Set<() => void>();
  #tickedAt = 0;
  #detached: (() => void) | undefined;

  constructor(options: ZmqLinkOptions) {
    this.#options = options;
  }

  start(events: LinkEvents): void {
    this.#events = events;
    this.#tickedAt = this.#now();
    this.#watchSilence();
    this.#connect();
  }

  async attach(spec: ConsumerSpec, held: () => readonly HeldLease[]): Promise<AttachResult> {
    const answer = await this.#ask(
      (ref) => ({ verb: "ATTACH", fields: { ref, spec: spec as never, held: [...held()] } }),
      spec.name,
    );
    const { result } = expect(answer, "ATTACHED");
    if (result.ok) this.#attached.set(spec.name, { spec, held });
    return result as AttachResult;
  }

  forget(consumer: string): void {
    this.#attached.delete(consumer);
  }

  credit(consumer: string, totals: LaneTotals): void {
    this.#say({ verb: "CREDIT", fields: { consumer, ...totals } });
  }

  async settle(consumer: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]> {
    const answers = settlementRuns(items).map(async (run) => {
      const answer = await this.#ask(
        (ref) => ({ verb: "COMMIT", ...packSettlement(ref, consumer, run) }),
        consumer,
      );
      const results = unpackSettleResults(expect(answer, "COMMITTED"));
      if (results.length !== run.length) throw new ProtocolError("COMMITTED: not as many results as items");
      return results;
    });
    return (await Promise.all(answers)).flat();
  }

  async plan(consumer: string, { seq, token }: HeldLease, plan: string): Promise<SettleResult> {
    const answer = await this.#ask(
      (ref) => ({ verb: "PLAN", fields: { ref, consumer, seq, token }, payload: joinLines([plan]) }),
      consumer,
    );
    return unpackSettleResults(expect(answer, "PLANNED"))[0] ?? { status: "gone" };
  }

  extend(consumer: string, items: readonly HeldLease[]): void {
    for (let from = 0; from < items.length; from += PROTOCOL_LIMITS.batchMax) {
      const some = items.slice(from, from + PROTOCOL_LIMITS.batchMax);
      this.#say({
        verb: "EXTEND",
        fields: { consumer, seqs: some.map((lease) => lease.seq), tokens: some.map((lease) => lease.token) },
      });
    }
  }

  async publish(envelopes: readonly string[]): Promise<readonly PublishResult[]> {
    const payload = joinLines(envelopes);
    const answer = await this.#ask((ref) => ({
      verb: "PUB",
      fields: { ref, count: envelopes.length },
      payload,
    }));
    return unpackPublishResults(expect(answer, "PUBACK"));
  }

  async admin<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]> {
    const answer = await this.#askWithin(this.#options.timing.requestMs, op, (ref) => ({
      verb: "ADMIN",
      fields: { ref, op, request },
    }));
    return valueOf(answer, "RESULT") as AdminOps[Op]["result"];
  }

  async read(query: ReadQuery): Promise<Page> {
    const answer = await this.#askWithin(this.#options.timing.requestMs, "read", (ref) => ({
      verb: "READ",
      fields: { ref, query: query as never },
    }));
    return valueOf(answer, "PAGE") as Page;
  }

  async tap(
    names: readonly string[] | undefined,
    onText: (name: string, body: string) => void,
  ): Promise<Tap> {
    const { liveEndpoint, readiness } = this.#options;
    if (liveEndpoint === undefined)
      throw new DeniedError("protocol", "no live endpoint is configured for taps");
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#taps.size >= TAPS_MAX)
      throw new RetryableError("busy", `${String(TAPS_MAX)} taps are open already`);
    const tap = await openLiveTap({ endpoint: liveEndpoint, readiness, names }, onText);
    const own: Tap = {
      close: () => {
        this.#taps.delete(own);
        return tap.close();
      },
    };
    this.#taps.add(own);
    return own;
  }

  async ping(timeoutMs: number): Promise<number> {
    const from = this.#now();
    await this.#askWithin(timeoutMs, "ping", (ref) => ({ verb: "PING", fields: { ref } }));
    return this.#now() - from;
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    if (this.#welcome && this.#session !== undefined) {
      await new Promise<void>((resolve) => {
        const cancel = this.#after(DETACH_MS, resolve);
        this.#detached = () => {
          cancel();
          resolve();
        };
        this.#session?.send({ verb: "DETACH", fields: {} });
      });
    }
    await this.#finish(new RetryableError("closed", "the bus connection was closed by this process"));
  }

  // ---- sessions

  #connect(): void {
    if (this.#closed !== undefined) return;
    this.#welcome = false;
    const { endpoint, readiness } = this.#options;
    try {
      this.#session = new DealerSession(
        { endpoint, readiness, nowMs: () => this.#now() },
        {
          message: (message) => {
            this.#take(message);
          },
          ended: (why) => {
            this.#ended(why);
          },
        },
      );
    } catch (error) {
      this.#ended(`cannot connect to ${endpoint}: ${String(error)}`);
      return;
    }
    this.#hello(this.#session);
  }

  #hello(session: DealerSession): void {
    const { service, instance } = this.#options;
    const consumers = [...this.#attached.values()].map(({ spec, held }) => ({
      spec: spec as never,
      held: [...held()],
    }));
    this.#greeted = [...this.#attached.keys()];
    session.send({ verb: "HELLO", fields: { protos: [PROTOCOL_VERSION], service, instance, consumers } });
  }

  #ended(why: string): void {
    const was = this.#welcome;
    this.#session = undefined;
    this.#welcome = false;
    this.#detached?.();
    this.#requests.sessionEnded(why);
    if (this.#closed !== undefined) return;
    if (was || this.#attempt === 0) this.#events?.state("connecting", why);
    const { backoffFirstMs: firstMs, backoffMaxMs: maxMs } = this.#options.timing;
    this.#after(backoffMs(this.#attempt++, this.#options.ambient.random(), { firstMs, maxMs }), () => {
      this.#connect();
    });
  }

  async #finish(error: Error): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const cancel of this.#cancelTimers) cancel();
    this.#session?.end(error.message);
    this.#requests.rejectAll(error);
    await Promise.all([...this.#taps].map((tap) => tap.close()));
    await this.#options.onClosed();
  }

  /** One timer a link: pings when idle, and takes a bus that says nothing for gone. */
  #watchSilence(): void {
    const { silenceMs, pingMs } = this.#options.timing;
    this.#after(pingMs / 2, () => {
      const now = this.#now();
      const session = this.#session;
      const stopped = now - this.#tickedAt > silenceMs / 2;
      this.#tickedAt = now;
      this.#watchSilence();
      if (session === undefined) return;
      // It was we who stood still: what the bus said meanwhile waits to be read.
      if (stopped) {
        session.drain();
        session.heardAt = now;
      }
      if (now - session.heardAt > silenceMs) session.end(`the bus said nothing for ${String(silenceMs)} ms`);
      else if (this.#welcome && now - session.sentAt >= pingMs)
        session.send({ verb: "PING", fields: { ref: 0 } });
    });
  }

  // ---- messages

  #take(message: BusIncoming): void {
    switch (message.verb) {
      case "WELCOME":
        this.#welcomed(message);
        return;
      case "DENY":
        this.#denied(message.fields);
        return;
      case "DELIVER":
        this.#events?.deliver(this.#unpack(() => unpackDeliveries(message)) ?? []);
        return;
      case "GONE":
        this.#events?.gone(message.fields.consumer, message.fields.seqs);
        return;
      case "WHO":
        this.#session?.end(`the bus does not know this session: ${message.fields.text}`);
        return;
      case "BYE":
        this.#session?.end(`the bus said good-bye: ${message.fields.reason}`);
        return;
      default:
        this.#requests.answer(message.fields.ref, message);
    }
  }

  #unpack<T>(unpack: () => T): T | undefined {
    try {
      return unpack();
    } catch (error) {
      this.#session?.end(String(error));
      return undefined;
    }
  }

  #welcomed({ session: id, fields }: Extract<BusIncoming, { verb: "WELCOME" }>): void {
    const session = this.#session;
    if (session === undefined) return;
    session.id = id;
    this.#welcome = true;
    this.#attempt = 0;
    for (const [index, name] of this.#greeted.entries()) {
      const result = fields.attached[index] as AttachResult | undefined;
      if (result === undefined) continue;
      if (!result.ok) this.#attached.delete(name);
      this.#events?.reattached(name, result);
    }
    for (const request of this.#requests.toResend()) this.#resend(request, session);
    this.#events?.state("connected", "welcomed by the bus");
  }

  #resend(request: Request, session: DealerSession): void {
    const { consumer, message } = request;
    if (consumer !== undefined && message.verb !== "ATTACH" && !this.#attached.has(consumer)) {
      this.#requests.drop(request, new RetryableError("detached", `${consumer} is not attached any more`));
      return;
    }
    request.sent = true;
    session.send(message);
  }

  #denied({ code, text, retryable }: Extract<BusIncoming, { verb: "DENY" }>["fields"]): void {
    if (retryable) {
      this.#session?.end(`the bus refused for now: ${text}`);
      return;
    }
    const error = new DeniedError(code, text);
    void this.#finish(error);
    this.#events?.state("closed", text, error);
  }

  // ---- saying and asking

  /** What only counts in the session it is said in. */
  #say(message: ClientOutgoing): void {
    if (this.#welcome) this.#session?.send(message);
  }

  #ask(build: (ref: number) => ClientOutgoing, consumer?: string): Promise<BusIncoming> {
    return this.#start(build, consumer).answer;
  }

  #start(
    build: (ref: number) => ClientOutgoing,
    consumer?: string,
  ): { request: Request; answer: Promise<BusIncoming> } {
    if (this.#closed !== undefined) throw this.#closed;
    const made = this.#requests.make(build, consumer);
    if (this.#welcome && this.#session !== undefined) {
      made.request.sent = true;
      this.#session.send(made.request.message);
    }
    return made;
  }

  async #askWithin(
    limitMs: number,
    what: string,
    build: (ref: number) => ClientOutgoing,
  ): Promise<BusIncoming> {
    const { request, answer } = this.#start(build);
    const cancel = this.#after(limitMs, () => {
      this.#requests.drop(
        request,
        new RetryableError(
          "timeout",
          `${what}: the bus at ${this.#options.endpoint} did not answer in ${String(limitMs)} ms`,
        ),
      );
    });
    try {
      return await answer;
    } finally {
      cancel();
    }
  }

  #after(delayMs: number, task: () => void): () => void {
    const cancelTimer = this.#options.ambient.after(delayMs, () => {
      this.#cancelTimers.delete(cancel);
      task();
    });
    const cancel = () => {
      this.#cancelTimers.delete(cancel);
      cancelTimer();
    };
    this.#cancelTimers.add(cancel);
    return cancel;
  }

  #now(): number {
    return this.#options.ambient.monotonicMs();
  }
}

type Answer<V extends BusIncoming["verb"]> = Extract<BusIncoming, { verb: V }>["fields"];

function expect<V extends BusIncoming["verb"]>(message: BusIncoming, verb: V): Answer<V> {
  if (message.verb !== verb) throw new ProtocolError(`expected ${verb}, the bus answered ${message.verb}`);
  return message.fields as Answer<V>;
}

function valueOf(answer: BusIncoming, verb: "PAGE" | "RESULT"): unknown {
  const { error } = expect(answer, verb);
  if (error !== undefined) throw new DeniedError(error.code, error.text);
  return JSON.parse(answer.payload);
}
