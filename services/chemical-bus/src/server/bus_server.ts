/**
 * The bus's door: frames on a ROUTER ↔ sessions of the broker.
 *
 * Invariants: a peer is who the kernel says it is, never who it says it is; each session's messages are numbered and a hole ends
 * it; nobody waits for a slow client (a message that cannot be sent ends its session); a client that lost its connection keeps
 * its leases for a moment, one whose process died loses them at once.
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
} from "@kloros/bus-client";
import type { AttachResult, Broker, ConsumerSpec, GrantedDelivery, Identity } from "@kloros/journal";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { ClientSession } from "./client_session.ts";
import { dispatch } from "./dispatch.ts";
import { identify, type IdentityPolicy } from "./identity.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { LiveFeed } from "./live_feed.ts";
import { isAlive, markProcess } from "./peer.ts";
import { SocketFile } from "./socket_file.ts";

export type ServerBroker = Pick<Broker, "open" | "admin" | "read" | "onLive" | "tick" | "flush">;

export type ServerEvent =
  | { readonly event: "connected"; readonly service: string; readonly pid: number }
  | {
      readonly event: "ended";
      readonly service: string;
      readonly pid: number;
      readonly why: string;
      readonly clean: boolean;
    }
  | { readonly event: "lost"; readonly service: string; readonly pid: number; readonly why: string }
  | { readonly event: "denied"; readonly service: string; readonly peer: string; readonly text: string }
  /** Frames that are not the protocol. */
  | { readonly event: "garbage"; readonly peer: string; readonly text: string }
  | { readonly event: "socketFile"; readonly endpoint: string; readonly what: "deleted" | "stolen" }
  | { readonly event: "bound"; readonly endpoint: string }
  | { readonly event: "trouble"; readonly endpoint: string; readonly error: unknown };

export interface BusServerOptions {
  /** Opened with `autoFlush: false`: the server commits after it drained its input. */
  readonly broker: ServerBroker;
  /** `ipc://…`; the kernel's peer credentials exist only there. */
  readonly endpoint: string;
  readonly liveEndpoints: readonly string[];
  readonly liveSingleFrameEndpoints?: readonly string[];
  /** Beside the bus's own uid. */
  readonly allowedUids?: readonly number[];
  /** Default: all services may be spoken for by everyone who may connect. */
  readonly servicesOf?: IdentityPolicy["servicesOf"];
  readonly limits?: Partial<ServerLimits>;
  readonly onEvent?: (event: ServerEvent) => void;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

const HIGH_WATER_MARK = 10_000;
/** Steps of housekeeping, ms: after a stop longer than that, nobody is blamed for silence. */
const STEP_MS_MAX = 250;
const FILE_CHECK_MS = 1000;
const PROCESS_CHECK_MS = 1000;
/** After a lost connection its process is looked at in each turn for so long: it may die a moment later. */
const WATCH_MS = 1000;

export class BusServer {
  readonly #options: BusServerOptions;
  readonly #limits: ServerLimits;
  readonly #policy: IdentityPolicy;
  readonly #router: ZmqSocket;
  readonly #file: SocketFile;
  readonly #live: LiveFeed;
  readonly #nowMs: () => number;
  readonly #offLive: () => void;
  /** By routing id, only those with a connection. */
  readonly #byRoute = new Map<string, ClientSession>();
  readonly #sessions = new Set<ClientSession>();
  /** Own clock: stands still while the process does. */
  #clock = 0;
  #seen: number;
  #watchUntil = 0;
  #processesAt = 0;
  #filesAt = 0;
  #closed = false;

  /** Binds. Throws when the bus's own endpoint cannot be bound; a live endpoint that cannot is tried again. */
  constructor(options: BusServerOptions) {
    this.#options = options;
    this.#limits = { ...SERVER_LIMITS, ...options.limits };
    this.#policy = {
      uids: [process.getuid?.() ?? 0, ...(options.allowedUids ?? [])],
      servicesOf: options.servicesOf ?? (() => "*"),
    };
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#seen = this.#nowMs();
    this.#router = openSocket("router", {
      lingerMs: 0,
      routerMandatory: true,
      sendHighWaterMark: HIGH_WATER_MARK,
      receiveHighWaterMark: HIGH_WATER_MARK,
      messageSizeMax: PROTOCOL_LIMITS.payloadBytesMax,
    });
    this.#router.monitor(({ event }) => {
      if (event === "disconnected") this.#watchUntil = this.#clock + WATCH_MS;
    });
    try {
      this.#file = new SocketFile(this.#router, options.endpoint);
    } catch (error) {
      this.#router.close();
      throw error;
    }
    this.#live = new LiveFeed({
      endpoints: options.liveEndpoints,
      singleFrameEndpoints: options.liveSingleFrameEndpoints ?? [],
      onBound: (endpoint) => {
        this.#tell({ event: "bound", endpoint });
      },
      onTrouble: (endpoint, error) => {
        this.#tell({ event: "trouble", endpoint, error });
      },
      onFile: (endpoint, what) => {
        this.#tell({ event: "socketFile", endpoint, what });
      },
    });
    this.#offLive = options.broker.onLive((name, body) => {
      this.#live.announce(name, body);
    });
  }

  /** To be polled for input. */
  get sockets(): readonly ZmqSocket[] {
    return [this.#router];
  }

  get liveEndpoints(): readonly string[] {
    return this.#live.bound;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Handles waiting input up to the drain limits. Returns how many messages; `more`: there is more. */
  drain(): { readonly messages: number; readonly more: boolean } {
    let messages = 0;
    let bytes = 0;
    while (messages < this.#limits.drainMax && bytes < this.#limits.drainBytesMax) {
      const received = this.#router.receive({ properties: true });
      if (received === undefined) return { messages, more: false };
      messages++;
      const [routingId, ...frames] = received.frames;
      for (const frame of frames) bytes += frame.byteLength;
      if (routingId !== undefined) this.#receive(routingId, frames, received.peerAddress);
    }
    return { messages, more: true };
  }

  /** Looks after lost clients and stolen sockets. Call after `drain`, at least every 250 ms. */
  keepHouse(): void {
    const now = this.#nowMs();
    this.#clock += Math.min(Math.max(0, now - this.#seen), STEP_MS_MAX);
    this.#seen = now;
    if (this.#clock < this.#watchUntil || this.#clock >= this.#processesAt) {
      this.#processesAt = this.#clock + PROCESS_CHECK_MS;
      this.#reap();
    }
    if (this.#clock >= this.#filesAt) {
      this.#filesAt = this.#clock + FILE_CHECK_MS;
      this.#checkFiles();
    }
  }

  /** Says good-bye to all and gives the sockets back. The broker stays open. */
  async close(reason = "stop"): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#offLive();
    const closing = [...this.#sessions].map((session) =>
      this.#end(session, reason, { clean: true, bye: true }),
    );
    this.#options.broker.flush();
    await Promise.all(closing);
    // libzmq hands what was sent to its thread; with linger 0 a socket that closes at once would take the good-byes with it.
    await new Promise((resolve) => setTimeout(resolve, this.#byRoute.size === 0 ? 20 : 50));
    this.#router.close();
    this.#live.close();
  }

  // ---- input

  #receive(routingId: Uint8Array, frames: readonly Uint8Array[], peerAddress: string): void {
    const route = routeKey(routingId);
    const session = this.#byRoute.get(route);
    let message: ClientIncoming;
    try {
      message = decodeClientMessage(frames);
    } catch (error) {
      this.#garbage(session, peerAddress, error);
      return;
    }
    if (message.verb === "HELLO") {
      if (session !== undefined) this.#lose(session, "it said HELLO again on the same connection");
      this.#hello(message, routingId, peerAddress).catch((error: unknown) => {
        const text = `the session could not be opened: ${String(error)}`;
        this.#deny(routingId, message.fields.service, peerAddress, {
          code: "protocol",
          text,
          retryable: true,
        });
      });
      return;
    }
    if (session === undefined || message.session !== session.id || peerAddress !== session.peerAddress) {
      this.#who(routingId, "unknown session");
      return;
    }
    if (!session.follows(message.n)) {
      this.#lose(session, `messages before number ${String(message.n)} are missing`);
      return;
    }
    session.heardAt = this.#clock;
    session.broker?.touch();
    this.#dispatch(session, message);
  }

  #dispatch(session: ClientSession, message: ClientIncoming): void {
    const broker = session.broker;
    if (broker === undefined) return;
    const failed = (error: unknown): void => {
      this.#garbage(session, session.peerAddress, error);
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
          void this.#end(session, "detached", { clean: true, bye: true });
        },
      });
      done?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #garbage(session: ClientSession | undefined, peer: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#tell({ event: "garbage", peer, text });
    if (session !== undefined) this.#lose(session, `it sent what is not the protocol: ${text}`);
  }

  // ---- sessions

  async #hello(
    { fields: hello, n }: Extract<ClientIncoming, { verb: "HELLO" }>,
    routingId: Uint8Array,
    peerAddress: string,
  ): Promise<void> {
    const verdict = identify(peerAddress, hello.service, this.#policy);
    if (!verdict.ok)
      return this.#deny(routingId, hello.service, peerAddress, { code: "identity", text: verdict.text });
    if (n !== 1 || !hello.protos.includes(PROTOCOL_VERSION)) {
      const text = `this bus speaks protocol ${String(PROTOCOL_VERSION)}, not ${hello.protos.join(", ")}: use the version of both that belongs together`;
      return this.#deny(routingId, hello.service, peerAddress, { code: "protocol", text });
    }
    this.#reap();
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      const text = `${String(this.#limits.sessionsMax)} clients are connected, no more are taken`;
      return this.#deny(routingId, hello.service, peerAddress, { code: "protocol", text, retryable: true });
    }
    const session = this.#open(hello, routingId, peerAddress, verdict.identity);
    const earlier = [...this.#sessions].filter(
      (other) => other !== session && other.instance === session.instance,
    );
    const attached = await Promise.all(
      hello.consumers.map(({ spec, held }) => session.broker?.attach(spec as ConsumerSpec, held)),
    );
    for (const other of earlier) void this.#end(other, "its client came back", { clean: true, bye: true });
    this.#send(session, {
      verb: "WELCOME",
      fields: {
        proto: PROTOCOL_VERSION,
        attached: attached.flatMap((result) => (result === undefined ? [] : [result as never])),
      },
    });
    this.#tell({ event: "connected", service: session.service, pid: session.process.pid });
  }

  #open(
    { service, instance }: { readonly service: string; readonly instance: string },
    routingId: Uint8Array,
    peerAddress: string,
    identity: Identity,
  ): ClientSession {
    const { pid } = identity;
    const session = new ClientSession(this.#router, {
      routingId,
      peerAddress,
      service,
      instance,
      process: markProcess(pid),
      nowMs: this.#clock,
    });
    session.broker = this.#options.broker.open(
      { service, instance, pid, identity },
      {
        deliver: (deliveries) => {
          this.#deliver(session, deliveries);
        },
        gone: (consumer, seqs) => {
          this.#send(session, { verb: "GONE", fields: { consumer, seqs: [...seqs] } });
        },
        closed: (reason) => {
          void this.#end(session, reason, { clean: true, bye: true });
        },
      },
      { silenceMs: this.#limits.silenceMs },
    );
    this.#sessions.add(session);
    this.#byRoute.set(routeKey(routingId), session);
    return session;
  }

  #deliver(session: ClientSession, deliveries: readonly GrantedDelivery[]): void {
    for (const run of deliveryRuns(deliveries))
      this.#send(session, { verb: "DELIVER", ...packDeliveries(run) });
  }

  #send(session: ClientSession, message: BusOutgoing): void {
    if (session.over || session.lostAt !== undefined) return;
    if (!session.send(message)) this.#lose(session, "it is gone, or does not read what it is sent");
  }

  /** The connection is no good any more. Its client, if it lives, comes back with a new one and the same instance. */
  #lose(session: ClientSession, why: string): void {
    if (session.over || session.lostAt !== undefined) return;
    session.lostAt = this.#clock;
    this.#byRoute.delete(routeKey(session.routingId));
    this.#who(session.routingId, why);
    this.#tell({ event: "lost", service: session.service, pid: session.process.pid, why });
  }

  async #end(
    session: ClientSession,
    why: string,
    { clean, bye = false }: { readonly clean: boolean; readonly bye?: boolean },
  ): Promise<void> {
    if (session.over) return;
    if (bye && session.lostAt === undefined) session.send({ verb: "BYE", fields: { reason: why } });
    session.over = true;
    this.#sessions.delete(session);
    if (this.#byRoute.get(routeKey(session.routingId)) === session)
      this.#byRoute.delete(routeKey(session.routingId));
    this.#tell({ event: "ended", service: session.service, pid: session.process.pid, why, clean });
    await session.broker?.close({ clean });
  }

  /** Ends the sessions of dead processes, and of those that were silent or away for too long. */
  #reap(): void {
    const { silenceMs, returnMs } = this.#limits;
    for (const session of [...this.#sessions]) {
      if (!isAlive(session.process)) {
        void this.#end(session, `process ${String(session.process.pid)} is gone`, { clean: false });
      } else if (session.lostAt !== undefined && this.#clock - session.lostAt > returnMs) {
        void this.#end(session, "it lost its connection and did not come back", { clean: false });
      } else if (this.#clock - session.heardAt > silenceMs) {
        void this.#end(session, `it said nothing for ${String(silenceMs)} ms`, { clean: false });
      }
    }
  }

  #checkFiles(): void {
    try {
      const what = this.#file.check();
      if (what !== undefined) this.#tell({ event: "socketFile", endpoint: this.#file.endpoint, what });
    } catch (error) {
      this.#tell({ event: "trouble", endpoint: this.#file.endpoint, error });
    }
    this.#live.check();
  }

  // ---- messages outside a session

  #deny(
    routingId: Uint8Array,
    service: string,
    peer: string,
    {
      code,
      text,
      retryable = false,
    }: { readonly code: DenyCode; readonly text: string; readonly retryable?: boolean },
  ): void {
    this.#tell({ event: "denied", service, peer, text });
    this.#say(routingId, { verb: "DENY", fields: { code, text, retryable } });
  }

  #who(routingId: Uint8Array, text: string): void {
    this.#say(routingId, { verb: "WHO", fields: { text } });
  }

  /** Out of any session: whoever gets it ends its own. */
  #say(routingId: Uint8Array, message: BusOutgoing): void {
    this.#router.send([routingId, ...encodeMessage(message, { session: "", n: 1 })]);
  }

  #tell(event: ServerEvent): void {
    this.#options.onEvent?.(event);
  }
}

type DenyCode = Extract<AttachResult, { ok: false }>["code"];

const routeKey = (routingId: Uint8Array): string => Buffer.from(routingId).toString("latin1");
