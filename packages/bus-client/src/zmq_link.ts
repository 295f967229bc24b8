/**
 * The transport to a bus in another process: requests that are answered once, in spite of lost sessions. In each new session the
 * consumers are attached again with the leases that they still hold, and what was not answered is said again.
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
import type { Ambient } from "./ambient.ts";
import { expectAnswer, valueOf } from "./answers.ts";
import { BusConnection, type LinkTiming } from "./bus_connection.ts";
import { joinLines, refuseOutgoing } from "./codec.ts";
import { unpackDeliveries } from "./delivery_columns.ts";
import { DeniedError, RetryableError, TerminalError } from "./errors.ts";
import type { LaneTotals, Link, LinkEvents } from "./link.ts";
import { openLiveTap } from "./live_tap.ts";
import {
  type BusIncoming,
  type BusMessage,
  type ClientOutgoing,
  PROTOCOL_LIMITS,
  PROTOCOL_VERSION,
  ProtocolError,
} from "./protocol.ts";
import { unpackPublishResults } from "./publish_columns.ts";
import { type Request, Requests } from "./requests.ts";
import { packSettlement, settlementRuns } from "./settle_columns.ts";
import { unpackSettleResults } from "./settle_result_columns.ts";
import type { Sockets } from "./sockets.ts";
import type { Tap } from "./types.ts";

export interface ZmqLinkOptions {
  readonly endpoint: string;
  readonly liveEndpoint: string | undefined;
  readonly service: string;
  readonly instance: string;
  readonly ambient: Ambient;
  readonly sockets: Sockets;
  readonly timing: LinkTiming;
  /** After the last socket is closed. */
  readonly onClosed: () => Promise<void>;
}

interface Attached {
  readonly spec: ConsumerSpec;
  readonly held: () => readonly HeldLease[];
}

const TAPS_MAX = 32;

export class ZmqLink implements Link {
  readonly #options: ZmqLinkOptions;
  readonly #connection: BusConnection;
  readonly #requests = new Requests();
  readonly #attached = new Map<string, Attached>();
  readonly #taps = new Set<Tap>();
  #events: LinkEvents | undefined;
  /** In the order in which HELLO named them. */
  #greeted: string[] = [];
  #told = false;
  #closed: Error | undefined;

  constructor(options: ZmqLinkOptions) {
    this.#options = options;
    this.#connection = new BusConnection(options, {
      hello: () => this.#hello(),
      welcomed: ({ attached }) => {
        this.#welcomed(attached);
      },
      message: (message) => {
        this.#take(message);
      },
      down: (why, was) => {
        this.#down(why, was);
      },
      denied: ({ code, text }) => {
        const error = new DeniedError(code, text);
        void this.#finish(error);
        this.#events?.state("closed", text, error);
      },
    });
  }

  start(events: LinkEvents): void {
    this.#events = events;
    this.#connection.start();
  }

  async attach(spec: ConsumerSpec, held: () => readonly HeldLease[]): Promise<AttachResult> {
    const answer = await this.#ask(
      (ref) => ({ verb: "ATTACH", fields: { ref, spec: spec as never, held: [...held()] } }),
      spec.name,
    );
    const { result } = expectAnswer(answer, "ATTACHED");
    if (result.ok) this.#attached.set(spec.name, { spec, held });
    return result;
  }

  forget(consumer: string): void {
    this.#attached.delete(consumer);
  }

  credit(consumer: string, totals: LaneTotals): void {
    this.#connection.send({ verb: "CREDIT", fields: { consumer, ...totals } });
  }

  async settle(consumer: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]> {
    const results = settlementRuns(items).map((run) => this.#settleRun(consumer, run));
    return (await Promise.all(results)).flat();
  }

  async plan(consumer: string, { seq, token }: HeldLease, plan: string): Promise<SettleResult> {
    const answer = await this.#ask(
      (ref) => ({ verb: "PLAN", fields: { ref, consumer, seq, token }, payload: joinLines([plan]) }),
      consumer,
    );
    return unpackSettleResults(expectAnswer(answer, "PLANNED"))[0] ?? { status: "gone" };
  }

  extend(consumer: string, items: readonly HeldLease[]): void {
    for (let from = 0; from < items.length; from += PROTOCOL_LIMITS.batchMax) {
      const some = items.slice(from, from + PROTOCOL_LIMITS.batchMax);
      const [seqs, tokens] = [some.map((lease) => lease.seq), some.map((lease) => lease.token)];
      this.#connection.send({ verb: "EXTEND", fields: { consumer, seqs, tokens } });
    }
  }

  async publish(envelopes: readonly string[]): Promise<readonly PublishResult[]> {
    const payload = joinLines(envelopes);
    const answer = await this.#ask((ref) => ({
      verb: "PUB",
      fields: { ref, count: envelopes.length },
      payload,
    }));
    return unpackPublishResults(expectAnswer(answer, "PUBACK"));
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
    const { liveEndpoint: endpoint, sockets, ambient } = this.#options;
    if (this.#closed !== undefined) throw this.#closed;
    if (endpoint === undefined) throw new DeniedError("protocol", "no live endpoint is configured for taps");
    if (this.#taps.size >= TAPS_MAX) {
      throw new RetryableError("busy", `${String(TAPS_MAX)} taps are open already: close one`);
    }
    const tap = openLiveTap({ endpoint, sockets, ambient, names }, onText);
    const own: Tap = {
      close: () => {
        this.#taps.delete(own);
        return tap.close();
      },
    };
    this.#taps.add(own);
    await tap.joined;
    return own;
  }

  async ping(timeoutMs: number): Promise<number> {
    const from = this.#options.ambient.monotonicMs();
    await this.#askWithin(timeoutMs, "ping", (ref) => ({ verb: "PING", fields: { ref } }));
    return this.#options.ambient.monotonicMs() - from;
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    await this.#connection.detach();
    await this.#finish(new RetryableError("closed", "the bus connection was closed by this process"));
  }

  // ---- sessions

  #hello(): Extract<ClientOutgoing, { verb: "HELLO" }>["fields"] {
    const { service, instance } = this.#options;
    this.#greeted = [...this.#attached.keys()];
    const consumers = Array.from(this.#attached.values(), ({ spec, held }) => ({
      spec: spec as never,
      held: [...held()],
    }));
    return { protos: [PROTOCOL_VERSION], service, instance, consumers };
  }

  #welcomed(attached: readonly AttachResult[]): void {
    for (const [index, name] of this.#greeted.entries()) {
      const result = attached[index];
      if (result === undefined) continue;
      if (!result.ok) this.#attached.delete(name);
      this.#events?.reattached(name, result);
    }
    for (const request of this.#requests.toResend()) this.#resend(request);
    this.#told = false;
    this.#events?.state("connected", "welcomed by the bus");
  }

  #resend(request: Request): void {
    const { consumer, message } = request;
    if (consumer !== undefined && message.verb !== "ATTACH" && !this.#attached.has(consumer)) {
      this.#requests.drop(request, new RetryableError("detached", `${consumer} is not attached any more`));
      return;
    }
    request.sent = true;
    this.#connection.send(message);
  }

  #down(why: string, was: boolean): void {
    this.#requests.sessionEnded(why);
    if (was || !this.#told) this.#events?.state("connecting", why);
    this.#told = true;
  }

  async #finish(error: Error): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#connection.close();
    this.#requests.rejectAll(error);
    await Promise.all([...this.#taps].map((tap) => tap.close()));
    await this.#options.onClosed();
  }

  // ---- messages

  #take(message: BusIncoming): void {
    switch (message.verb) {
      case "DELIVER":
        this.#deliver(message);
        return;
      case "GONE":
        this.#events?.gone(message.fields.consumer, message.fields.seqs);
        return;
      default: {
        const { fields } = message as Extract<BusMessage, { fields: { ref: number } }>;
        this.#requests.answer(fields.ref, message);
      }
    }
  }

  #deliver(message: Extract<BusIncoming, { verb: "DELIVER" }>): void {
    try {
      this.#events?.deliver(unpackDeliveries(message));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#connection.end(error.message);
    }
  }

  async #settleRun(consumer: string, run: readonly SettleItem[]): Promise<readonly SettleResult[]> {
    const answer = await this.#ask(
      (ref) => ({ verb: "COMMIT", ...packSettlement(ref, consumer, run) }),
      consumer,
    );
    return unpackSettleResults(expectAnswer(answer, "COMMITTED"));
  }

  // ---- asking

  #ask(build: (ref: number) => ClientOutgoing, consumer?: string): Promise<BusIncoming> {
    return this.#start(build, consumer).answer;
  }

  #start(
    build: (ref: number) => ClientOutgoing,
    consumer?: string,
  ): { readonly request: Request; readonly answer: Promise<BusIncoming> } {
    if (this.#closed !== undefined) throw this.#closed;
    const made = this.#requests.make(build, consumer);
    const refusal = refuseOutgoing(made.request.message);
    if (refusal !== undefined) this.#requests.drop(made.request, new TerminalError("protocol", refusal));
    else this.#sayNow(made.request);
    return made;
  }

  #sayNow(request: Request): void {
    if (!this.#connection.up) return;
    request.sent = true;
    this.#connection.send(request.message);
  }

  async #askWithin(
    limitMs: number,
    what: string,
    build: (ref: number) => ClientOutgoing,
  ): Promise<BusIncoming> {
    const { request, answer } = this.#start(build);
    const cancel = this.#options.ambient.after(limitMs, () => {
      const text = `${what}: the bus at ${this.#options.endpoint} did not answer in ${String(limitMs)} ms`;
      this.#requests.drop(request, new RetryableError("timeout", text));
    });
    try {
      return await answer;
    } finally {
      cancel();
    }
  }
}
