/**
 * One DEALER from its connect to its end: numbering, gap detection, silence. A session that lost anything is over; its owner
 * opens a new one. The socket never reconnects by itself, because libzmq would replay what a dead bus left with a hole in it.
 */
import type { ZmqSocket } from "@kloros/zmq";
import { decodeBusMessage, encodeMessage } from "./codec.ts";
import { type BusIncoming, type ClientOutgoing, PROTOCOL_LIMITS } from "./protocol.ts";
import type { Sockets } from "./sockets.ts";

export interface SessionHooks {
  message(message: BusIncoming): void;
  /** Once; the socket is closed by then. */
  ended(why: string): void;
}

export interface SessionOptions {
  readonly endpoint: string;
  readonly sockets: Sockets;
  readonly nowMs: () => number;
}

/** Messages of batches; the windows of publishing and credit keep far below. */
const HIGH_WATER_MARK = 20_000;

export class DealerSession {
  readonly #hooks: SessionHooks;
  readonly #socket: ZmqSocket;
  readonly #nowMs: () => number;
  #sent = 0;
  #received = 0;
  #ended = false;
  /** Given by the bus in WELCOME; "" before. */
  id = "";
  sentAt: number;
  heardAt: number;

  constructor(options: SessionOptions, hooks: SessionHooks) {
    this.#hooks = hooks;
    this.#nowMs = options.nowMs;
    this.sentAt = this.heardAt = options.nowMs();
    this.#socket = options.sockets.open("dealer", {
      lingerMs: 0,
      reconnectStop: true,
      sendHighWaterMark: HIGH_WATER_MARK,
      receiveHighWaterMark: HIGH_WATER_MARK,
      messageSizeMax: PROTOCOL_LIMITS.payloadBytesMax,
    });
    try {
      this.#socket.monitor(({ event }) => {
        if (event === "disconnected") this.#lost("the bus went away");
        if (event === "closed") this.#lost("no bus listens");
        if (event === "handshakeFailed") this.#lost("the handshake with the bus failed");
      });
      this.#socket.connect(options.endpoint);
      options.sockets.watch(this.#socket, () => {
        this.drain();
      });
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(message: ClientOutgoing): void {
    if (this.#ended) return;
    this.sentAt = this.#nowMs();
    const frames = encodeMessage(message, { session: this.id, n: ++this.#sent });
    if (this.#socket.send(frames) !== "sent") this.end("the bus does not take any more messages");
  }

  /** Handles what has arrived. */
  drain(): void {
    while (!this.#ended) {
      const message = this.#socket.receive();
      if (message === undefined) return;
      this.heardAt = this.#nowMs();
      this.#take(message.frames);
    }
  }

  end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.close();
    this.#hooks.ended(why);
  }

  #take(frames: readonly Uint8Array[]): void {
    let message: BusIncoming;
    try {
      message = decodeBusMessage(frames);
    } catch (error) {
      this.end(`the bus sent what is not the protocol: ${String(error)}`);
      return;
    }
    // These two come from outside of any session: their number says nothing.
    const outside = message.verb === "WHO" || message.verb === "DENY";
    if (!outside && message.n !== ++this.#received) {
      this.end(`message ${String(this.#received)} of the bus is missing, got ${String(message.n)}`);
      return;
    }
    this.#hooks.message(message);
  }

  /** What the bus said before it went counts: a BYE or DENY explains more than a lost connection. */
  #lost(why: string): void {
    queueMicrotask(() => {
      this.drain();
      this.end(why);
    });
  }
}
