/** The bus's side of one client session: its connection, its numbers, its broker session. */
import { type BusOutgoing, encodeMessage } from "@kloros/bus-client";
import type { Session } from "@kloros/journal";
import type { ZmqSocket } from "@kloros/zmq";
import type { ProcessMark } from "./peer.ts";

export class ClientSession {
  readonly id: string;
  readonly routingId: Uint8Array;
  readonly peerAddress: string;
  readonly service: string;
  readonly instance: string;
  readonly process: ProcessMark;
  readonly #router: ZmqSocket;
  /** Set right after construction: the broker needs our port first. */
  broker: Session | undefined;
  heardAt: number;
  /** When the connection was lost; the client may still come back with a new one. */
  lostAt: number | undefined;
  over = false;
  #sent = 0;
  #received = 1;

  constructor(
    router: ZmqSocket,
    who: {
      readonly id: string;
      readonly routingId: Uint8Array;
      readonly peerAddress: string;
      readonly service: string;
      readonly instance: string;
      readonly process: ProcessMark;
      readonly nowMs: number;
    },
  ) {
    this.#router = router;
    this.id = who.id;
    this.routingId = who.routingId;
    this.peerAddress = who.peerAddress;
    this.service = who.service;
    this.instance = who.instance;
    this.process = who.process;
    this.heardAt = who.nowMs;
  }

  /** False: the message is not there (the client is gone or does not read). */
  send(message: BusOutgoing): boolean {
    const frames = encodeMessage(message, { session: this.id, n: ++this.#sent });
    return this.#router.send([this.routingId, ...frames]) === "sent";
  }

  /** HELLO was number 1. False: messages are missing. */
  follows(n: number): boolean {
    return n === ++this.#received;
  }
}
