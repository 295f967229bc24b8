/**
 * The bus's door: frames on a ROUTER ↔ sessions of the broker.
 *
 * Invariants: a peer is who the kernel says it is, never who it says it is; each session's messages are numbered and a hole ends
 * it; nobody waits for a slow client (one that cannot be sent to has lost its connection); everything that arrived is handled
 * before anybody is found gone.
 */
import {
  type BusOutgoing,
  type ClientIncoming,
  decodeClientMessage,
  deliveryRuns,
  encodeMessage,
  packDeliveries,
  PROTOCOL_LIMITS,
  PROTOCOL_VERSION,
  ProtocolError,
} from "@kloros/bus-client";
import { messageOf } from "@kloros/daemon";
import type { Identity, Session, SessionPort } from "@kloros/journal";
import type { ZmqSocket } from "@kloros/zmq";
import { ClientSession } from "./client_session.ts";
import { dispatch } from "./dispatch.ts";
import { admittedUids, identify, type IdentityPolicy } from "./identity.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { KeptEndpoint } from "./kept_endpoint.ts";
import { LiveFeed } from "./live_feed.ts";
import { realMachine, type ServerMachine } from "./machine.ts";
import type { ServerEvent } from "./server_event.ts";
import type { BusServerOptions } from "./server_options.ts";
import { SessionTable } from "./session_table.ts";

type Hello = Extract<ClientIncoming, { verb: "HELLO" }>["fields"];
type Denial = Extract<BusOutgoing, { verb: "DENY" }>["fields"];
/** Where a message came from. */
interface Origin {
  readonly routingId: Uint8Array;
  readonly peerAddress: string;
}

/** Messages. Above the credit of both lanes of the largest consumer, if each delivery came alone. */
const HIGH_WATER_MARK = 20_000;
/** A step of the clock, ms: what is longer was a stop of this process. */
const STEP_MS_MAX = 250;
const FILE_CHECK_MS = 200;
const PROCESS_CHECK_MS = 2000;
/** After a lost connection processes are looked at in each turn for so long: its own may die a moment later, ms. */
const WATCH_MS = 1000;
/** libzmq's thread has to write what was sent last before the socket closes, ms. */
const FAREWELL_MS = 30;

export class BusServer {
  readonly #options: BusServerOptions;
  readonly #tell: (event: ServerEvent) => void;
  readonly #limits: ServerLimits;
  readonly #policy: IdentityPolicy;
  readonly #machine: ServerMachine;
  readonly #router: ZmqSocket;
  readonly #endpoint: KeptEndpoint;
  readonly #live: LiveFeed;
  readonly #sockets: readonly ZmqSocket[];
  readonly #sessions: SessionTable;
  readonly #offLive: () => void;
  /** Own clock, ms: stands still while the process does. */
  #clock = 0;
  #seen: number;
  #watchUntil = 0;
  #processesAt = 0;
  #filesAt = 0;
  #worked = false;
  /** In this turn. */
  #reaped = false;
  #pending = 0;
  #closed = false;

  /** Binds. Throws when the bus's own endpoint cannot be bound; a live endpoint that cannot is tried again. */
  constructor(options: BusServerOptions) {
    this.#options = options;
    this.#tell = (event) => options.onEvent?.(event);
    this.#machine = options.machine ?? realMachine;
    this.#limits = { ...SERVER_LIMITS, ...options.limits };
    this.#policy = {
      uids: admittedUids(this.#machine.uid),
      servicesOf: options.servicesOf ?? (() => "*"),
    };
    this.#seen = this.#machine.nowMs();
    this.#sessions = this.#openTable();
    this.#router = this.#machine.open("router", {
      lingerMs: 0,
      routerMandatory: true,
      sendHighWaterMark: HIGH_WATER_MARK,
      receiveHighWaterMark: HIGH_WATER_MARK,
      messageSizeMax: PROTOCOL_LIMITS.payloadBytesMax,
    });
    this.#router.monitor(({ event }) => {
      if (event === "disconnected") this.#watchUntil = this.#clock + WATCH_MS;
    });
    this.#endpoint = new KeptEndpoint({
      endpoint: options.endpoint,
      bind: () => this.#machine.bind(this.#router, options.endpoint),
      tell: this.#tell,
    });
    try {
      this.#endpoint.bind();
    } catch (error) {
      this.#router.close();
      throw error;
    }
    this.#live = this.#openLive();
    this.#sockets = [this.#router, ...this.#live.sockets];
    this.#offLive = options.broker.onLive((name, body) => {
      this.#live.announce(name, body);
    });
  }

  /** To be polled for input. */
  get sockets(): readonly ZmqSocket[] {
    return this.#sockets;
  }

  /** As bound: a port 0 has become a number. */
  get liveEndpoints(): readonly string[] {
    return this.#live.bound;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Answers under way. After a commit only those are left that wait for something else, e.g. the reader. */
  get pending(): number {
    return this.#pending;
  }

  /** Handles waiting input up to the drain limits. `worked`: there was more than pings; `more`: there is more. */
  drain(): { readonly worked: boolean; readonly more: boolean } {
    this.#worked = false;
    this.#reaped = false;
    this.#live.drain();
    let bytes = 0;
    for (let count = 0; count < this.#limits.drainMax && bytes < this.#limits.drainBytesMax; count++) {
      const received = this.#router.receive({ properties: true });
      if (received === undefined) return { worked: this.#worked, more: false };
      const [routingId, ...frames] = received.frames;
      for (const frame of frames) bytes += frame.byteLength;
      if (routingId !== undefined) this.#receive(frames, { routingId, peerAddress: received.peerAddress });
    }
    return { worked: this.#worked, more: true };
  }

  /** Looks after lost clients and stolen sockets. Call after `drain`, at least every 250 ms. */
  keepHouse(): void {
    const now = this.#machine.nowMs();
    this.#clock += Math.min(Math.max(0, now - this.#seen), STEP_MS_MAX);
    this.#seen = now;
    if (this.#clock < this.#watchUntil || this.#clock >= this.#processesAt) {
      this.#processesAt = this.#clock + PROCESS_CHECK_MS;
      this.#sessions.reap(this.#clock);
    }
    if (this.#clock >= this.#filesAt) {
      this.#filesAt = this.#clock + FILE_CHECK_MS;
      this.#endpoint.look();
      this.#live.check();
    }
  }

  /** Says good-bye to all and gives the sockets back. The broker stays open. */
  async close(reason = "stop"): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#offLive();
    const closing = this.#sessions.endAll(reason);
    this.#options.broker.flush();
    await closing;
    await this.#machine.pause(FAREWELL_MS);
    this.#router.close();
    this.#live.close();
  }

  // ---- input

  #receive(frames: readonly Uint8Array[], from: Origin): void {
    const session = this.#sessions.of(from.routingId);
    let message: ClientIncoming;
    try {
      message = decodeClientMessage(frames);
    } catch (error) {
      this.#fail(session, from.peerAddress, error);
      return;
    }
    if (message.verb !== "PING") this.#worked = true;
    if (message.verb === "HELLO") {
      this.#greet(message.fields, session, from);
    } else if (
      session === undefined ||
      message.session !== session.id ||
      from.peerAddress !== session.peerAddress
    ) {
      this.#say(from, { verb: "WHO", fields: { text: "unknown session" } });
    } else if (session.follows(message.n)) {
      session.heardAt = this.#clock;
      session.broker?.touch();
      this.#dispatch(session, message);
    } else {
      this.#sessions.lose(session, `messages before number ${String(message.n)} are missing`, this.#clock);
    }
  }

  #dispatch(session: ClientSession, message: ClientIncoming): void {
    const { broker } = session;
    if (broker === undefined) return;
    // Whoever died a moment ago must not stand in the way of its successor.
    if (message.verb === "ATTACH") this.#reapOnce();
    const failed = (error: unknown): void => {
      this.#fail(session, session.peerAddress, error);
    };
    try {
      const done = dispatch(message, {
        broker: this.#options.broker,
        session: broker,
        service: session.service,
        pageBytesMax: this.#limits.pageBytesMax,
        reply: (answer) => {
          this.#send(session, answer);
        },
        detach: () => {
          void this.#sessions.end(session, "detached", { clean: true });
        },
      });
      if (done !== undefined) this.#await(done, failed);
    } catch (error) {
      failed(error);
    }
  }

  /** It asks the kernel about every client: once for all of a crowd that comes in one turn. */
  #reapOnce(): void {
    if (this.#reaped) return;
    this.#reaped = true;
    this.#sessions.reap(this.#clock);
  }

  #await(done: Promise<void>, failed: (error: unknown) => void): void {
    this.#pending++;
    void done.catch(failed).finally(() => {
      this.#pending--;
    });
  }

  /** Its own doing: frames that are not the protocol. Not its doing: a full disk, or a bug. It comes back and asks again. */
  #fail(session: ClientSession | undefined, peer: string, error: unknown): void {
    const text = messageOf(error);
    if (session === undefined || error instanceof ProtocolError) {
      this.#tell({ event: "garbage", peer, text });
    } else {
      this.#tell({ event: "notServed", service: session.service, pid: session.process.pid, text });
    }
    if (session !== undefined) this.#sessions.lose(session, `it could not be served: ${text}`, this.#clock);
  }

  // ---- sessions

  #greet(hello: Hello, earlier: ClientSession | undefined, from: Origin): void {
    if (earlier !== undefined) {
      this.#sessions.lose(earlier, "it said HELLO again on the same connection", this.#clock);
    }
    const verdict = identify(from.peerAddress, hello.service, this.#policy);
    if (!verdict.ok) {
      this.#deny(hello, from, { code: "identity", text: verdict.text, retryable: false });
      return;
    }
    if (!hello.protos.includes(PROTOCOL_VERSION)) {
      const text = `this bus speaks protocol ${String(PROTOCOL_VERSION)}, not ${hello.protos.join(", ")}: run client and bus of one version`;
      this.#deny(hello, from, { code: "protocol", text, retryable: false });
      return;
    }
    this.#reapOnce();
    if (this.#sessions.full) {
      const text = `${String(this.#limits.sessionsMax)} clients are connected, no more are taken`;
      this.#deny(hello, from, { code: "protocol", text, retryable: true });
      return;
    }
    this.#await(this.#welcome(hello, from, verdict.identity), (error) => {
      const text = `the session could not be opened: ${String(error)}`;
      this.#deny(hello, from, { code: "protocol", text, retryable: true });
    });
  }

  async #welcome(hello: Hello, from: Origin, identity: Identity): Promise<void> {
    const { session, broker } = this.#open(hello, from, identity);
    const earlier = this.#sessions.earlierOf(session);
    const attaching = hello.consumers.map(({ spec, held }) => broker.attach(spec, held));
    const attached = await Promise.all(attaching).catch(async (error: unknown) => {
      await Promise.allSettled(attaching);
      // It never heard of this session: DENY tells it, no BYE.
      session.lostAt = this.#clock;
      void this.#sessions.end(session, "it could not be welcomed", { clean: true });
      throw error;
    });
    for (const other of earlier) void this.#sessions.end(other, "its client came back", { clean: true });
    this.#send(session, {
      verb: "WELCOME",
      fields: { proto: PROTOCOL_VERSION, attached: attached as never },
    });
    this.#tell({ event: "connected", service: session.service, pid: session.process.pid });
  }

  #open(
    { service, instance }: Hello,
    from: Origin,
    identity: Identity,
  ): { readonly session: ClientSession; readonly broker: Session } {
    const { pid } = identity;
    const session = new ClientSession(this.#router, {
      ...from,
      id: this.#machine.newId(),
      service,
      instance,
      process: this.#machine.markProcess(pid),
      nowMs: this.#clock,
    });
    const info = { service, instance, pid, identity };
    const { silenceMs } = this.#limits;
    const broker = this.#options.broker.open(info, this.#portOf(session), { silenceMs });
    session.broker = broker;
    this.#sessions.add(session);
    return { session, broker };
  }

  #portOf(session: ClientSession): SessionPort {
    return {
      deliver: (deliveries) => {
        for (const run of deliveryRuns(deliveries)) {
          this.#send(session, { verb: "DELIVER", ...packDeliveries(run) });
        }
      },
      gone: (consumer, seqs) => {
        this.#send(session, { verb: "GONE", fields: { consumer, seqs: [...seqs] } });
      },
      closed: (reason) => {
        void this.#sessions.end(session, reason, { clean: true });
      },
    };
  }

  #send(session: ClientSession, message: BusOutgoing): void {
    if (session.over || session.lostAt !== undefined || session.send(message)) return;
    this.#sessions.lose(session, "it is gone, or does not read what it is sent", this.#clock);
  }

  // ---- the house

  #openTable(): SessionTable {
    return new SessionTable(
      this.#limits,
      {
        ended: (session, why, clean) => {
          if (session.lostAt === undefined) session.send({ verb: "BYE", fields: { reason: why } });
          this.#tell({ event: "ended", service: session.service, pid: session.process.pid, why, clean });
        },
        lost: (session, why) => {
          this.#say(session, { verb: "WHO", fields: { text: why } });
          this.#tell({ event: "lost", service: session.service, pid: session.process.pid, why });
        },
      },
      this.#machine,
    );
  }

  #openLive(): LiveFeed {
    return new LiveFeed({
      endpoints: this.#options.liveEndpoints,
      singleFrameEndpoints: this.#options.liveSingleFrameEndpoints ?? [],
      machine: this.#machine,
      onEvent: this.#tell,
    });
  }

  // ---- messages outside of a session

  #deny({ service }: Hello, from: Origin, denial: Denial): void {
    this.#tell({ event: "denied", service, peer: from.peerAddress, text: denial.text });
    this.#say(from, { verb: "DENY", fields: denial });
  }

  /** Whoever gets it ends its session. */
  #say({ routingId }: Pick<Origin, "routingId">, message: BusOutgoing): void {
    this.#router.send([routingId, ...encodeMessage(message, { session: "", n: 1 })]);
  }
}
