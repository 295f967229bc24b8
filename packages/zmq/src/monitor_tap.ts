/** libzmq's socket monitor: a PAIR over inproc on which the I/O thread tells what happens to connections. */
import { contextHandle } from "./context.ts";
import { lastError } from "./errors.ts";
import { type Handle, library } from "./library.ts";
import { copyPart, cString, getInteger, hasMoreParts, receivePart, setInteger } from "./raw_socket.ts";
import type { MonitorEvent } from "./types.ts";
import { OPTION, SOCKET_TYPES } from "./zmq_constants.ts";

/** zmq.h, ZMQ_EVENT_*. */
const EVENTS: Readonly<Record<number, MonitorEvent["event"]>> = {
  0x0001: "connected",
  0x0008: "listening",
  0x0020: "accepted",
  0x0080: "closed",
  0x0200: "disconnected",
  0x0800: "handshakeFailed",
  0x1000: "handshakeSucceeded",
  0x2000: "handshakeFailed",
  0x4000: "handshakeFailed",
};
/** Bind, accept and close failures: shown as `other`. Retries are left out, they only repeat themselves. */
const OTHERS = 0x0010 | 0x0040 | 0x0100;
const MASK = Object.keys(EVENTS).reduce((mask, bit) => mask | Number(bit), OTHERS);

let count = 0;

export class MonitorTap {
  readonly handle: Handle;
  /** The same for zmq_poll's items. */
  readonly address: bigint;
  readonly fd: number;
  readonly #onEvent: (event: MonitorEvent) => void;
  #closed = false;

  constructor(monitored: Handle, onEvent: (event: MonitorEvent) => void) {
    this.#onEvent = onEvent;
    count += 1;
    const endpoint = cString(`inproc://monitor-${count}`);
    if (library().zmq_socket_monitor(monitored, endpoint, MASK) !== 0) throw lastError("monitor");
    const pair = library().zmq_socket(contextHandle(), SOCKET_TYPES.pair);
    if (pair === null) throw lastError("open monitor");
    this.handle = pair;
    this.address = BigInt(pair);
    setInteger(pair, OPTION.linger, 0, "linger");
    // No high-water mark: at one, libzmq's I/O thread would block and stop all connections. Events are as
    // rare as connections come and go, a few dozen bytes each.
    setInteger(pair, OPTION.receiveHighWaterMark, 0, "receiveHighWaterMark");
    if (library().zmq_connect(pair, endpoint) !== 0) throw lastError("connect monitor");
    this.fd = getInteger(pair, OPTION.fd, "fd");
  }

  /** Hands over all events that wait. The listener may close the socket. */
  drain(): void {
    while (!this.#closed) {
      const size = receivePart(this.handle);
      if (size < 0) return;
      const head = copyPart(size);
      const endpoint = hasMoreParts() ? copyPart(receivePart(this.handle)) : new Uint8Array(0);
      this.#onEvent(decodeMonitorEvent(head, endpoint));
    }
  }

  close(): void {
    this.#closed = true;
    library().zmq_close(this.handle);
  }
}

/** First frame: event number (16 bits) and value (32 bits), in the machine's byte order; second: endpoint. */
export function decodeMonitorEvent(head: Uint8Array, endpoint: Uint8Array): MonitorEvent {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const event = EVENTS[view.getUint16(0, true)] ?? "other";
  return { event, value: view.getUint32(2, true), endpoint: new TextDecoder().decode(endpoint) };
}
