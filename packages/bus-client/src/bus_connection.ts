/**
 * Keeps one session with the bus: opens a new one whenever one ends, after a backoff, and says HELLO in it.
 *
 * Invariants: at most one session at a time; nothing but HELLO goes out before WELCOME.
 */
import { type Ambient, backoffMs } from "./ambient.ts";
import { DealerSession } from "./dealer_session.ts";
import type { BusIncoming, BusMessage, ClientMessage, ClientOutgoing } from "./protocol.ts";
import type { Sockets } from "./sockets.ts";

export interface LinkTiming {
  /** A bus that is quiet for so long is taken for gone, ms. */
  readonly silenceMs: number;
  /** PING after so long without a message of ours, or of the bus, ms. */
  readonly pingMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** Limit of `read` and `admin`, ms. */
  readonly requestMs: number;
}

/** BUS.md, "Wire protocol". */
export const LINK_TIMING: LinkTiming = {
  silenceMs: 5000,
  pingMs: 2000,
  backoffFirstMs: 50,
  backoffMaxMs: 2000,
  requestMs: 30_000,
};

/** How long `close` waits for the bus to confirm, ms: otherwise it learns of it by the lost connection. */
const DETACH_MS = 500;

type FieldsOf<M extends { verb: string; fields: unknown }, V extends M["verb"]> = Extract<
  M,
  { verb: V }
>["fields"];

export interface ConnectionHooks {
  /** What to say first. */
  hello(): FieldsOf<ClientMessage, "HELLO">;
  welcomed(fields: FieldsOf<BusMessage, "WELCOME">): void;
  /** Everything that belongs to a session that was welcomed. */
  message(message: BusIncoming): void;
  /** A session ended, or could not be opened; another one is tried. `was`: it had been welcomed. */
  down(why: string, was: boolean): void;
  /** For good. */
  denied(fields: FieldsOf<BusMessage, "DENY">): void;
}

export interface ConnectionOptions {
  readonly endpoint: string;
  readonly sockets: Sockets;
  readonly ambient: Ambient;
  readonly timing: LinkTiming;
}

export class BusConnection {
  readonly #options: ConnectionOptions;
  readonly #hooks: ConnectionHooks;
  #session: DealerSession | undefined;
  #welcomed = false;
  #attempt = 0;
  #welcomedAt = 0;
  #closed = false;
  #cancelRetry: (() => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #watchedAt: number;
  #onEnd: (() => void) | undefined;

  constructor(options: ConnectionOptions, hooks: ConnectionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#watchedAt = this.#now();
  }

  start(): void {
    this.#watch();
    this.#connect();
  }

  /** Whether messages go out now. */
  get up(): boolean {
    return this.#welcomed && this.#session !== undefined;
  }

  /** Sends in the session of now; dropped when there is none. */
  send(message: ClientOutgoing): void {
    if (this.#welcomed) this.#session?.send(message);
  }

  /** The session is no good any more. */
  end(why: string): void {
    this.#session?.end(why);
  }

  /** Says good-bye and waits a moment for the answer: a socket that closes at once would take the words with it. */
  async detach(): Promise<void> {
    if (!this.up) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.ambient.after(DETACH_MS, resolve);
    this.#onEnd = resolve;
    this.send({ verb: "DETACH", fields: {} });
    await promise;
    cancel();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelWatch?.();
    this.#session?.end("closed");
  }

  #connect(): void {
    if (this.#closed) return;
    const { endpoint, sockets } = this.#options;
    try {
      this.#session = new DealerSession(
        { endpoint, sockets, nowMs: () => this.#now() },
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
    this.#session.send({ verb: "HELLO", fields: this.#hooks.hello() });
  }

  #ended(why: string): void {
    const was = this.#welcomed;
    this.#session = undefined;
    this.#welcomed = false;
    this.#onEnd?.();
    if (this.#closed) return;
    const { ambient, timing } = this.#options;
    // Sessions that are over as soon as they begin are no success.
    if (was && this.#now() - this.#welcomedAt >= timing.backoffMaxMs) this.#attempt = 0;
    const backoff = { firstMs: timing.backoffFirstMs, maxMs: timing.backoffMaxMs };
    this.#cancelRetry = ambient.after(backoffMs(this.#attempt++, ambient.random(), backoff), () => {
      this.#connect();
    });
    this.#hooks.down(why, was);
  }

  #take(message: BusIncoming): void {
    switch (message.verb) {
      case "WELCOME":
        if (this.#session === undefined) return;
        this.#session.id = message.session;
        this.#welcomed = true;
        this.#welcomedAt = this.#now();
        this.#hooks.welcomed(message.fields);
        return;
      case "DENY":
        if (message.fields.retryable) this.end(`the bus refused for now: ${message.fields.text}`);
        else this.#hooks.denied(message.fields);
        return;
      case "WHO":
        this.end(`the bus does not know this session: ${message.fields.text}`);
        return;
      case "BYE":
        this.end(`the bus said good-bye: ${message.fields.reason}`);
        return;
      default:
        this.#hooks.message(message);
    }
  }

  /** Pings when either side was quiet (not all that is said is answered), and takes a bus that says nothing for gone. */
  #watch(): void {
    const { ambient, timing } = this.#options;
    this.#cancelWatch = ambient.after(timing.pingMs / 2, () => {
      const now = this.#now();
      // It was we who stood still: what the bus said meanwhile waits to be read.
      const stopped = now - this.#watchedAt > timing.silenceMs / 2;
      this.#watchedAt = now;
      this.#watch();
      if (stopped) this.#session?.drain();
      if (this.#session !== undefined) this.#look(this.#session, now, stopped);
    });
  }

  #look(session: DealerSession, now: number, stopped: boolean): void {
    const { silenceMs, pingMs } = this.#options.timing;
    if (stopped) session.heardAt = now;
    if (now - session.heardAt > silenceMs) {
      session.end(`the bus said nothing for ${String(silenceMs)} ms`);
    } else if (this.#welcomed && now - Math.min(session.sentAt, session.heardAt) >= pingMs) {
      session.send({ verb: "PING", fields: { ref: 0 } });
    }
  }

  #now(): number {
    return this.#options.ambient.monotonicMs();
  }
}
