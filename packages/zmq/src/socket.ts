/** A libzmq socket. Never blocks; used by the thread that opened it only. */
import { contextHandle, registerSocket, unregisterSocket } from "./context.ts";
import { lastError, ZmqError } from "./errors.ts";
import { type Handle, library } from "./library.ts";
import { MonitorTap } from "./monitor_tap.ts";
import {
  copyPart,
  cString,
  getInteger,
  getText,
  hasMoreParts,
  peerAddressOfPart,
  receivePart,
  setBytes,
  userIdOfPart,
} from "./raw_socket.ts";
import { applyOptions } from "./socket_options.ts";
import type {
  MonitorEvent,
  ReceivedMessage,
  SendResult,
  SocketOptions,
  SocketType,
  ZmqSocket,
} from "./types.ts";
import { DONTWAIT, EAGAIN, EHOSTUNREACH, EINTR, OPTION, SNDMORE, SOCKET_TYPES } from "./zmq_constants.ts";

const ENOTSOCK = 88;

const encoder = new TextEncoder();
/** Text frames are encoded here; longer ones (rare: signals have a limit of 256 KiB) get a buffer of their own. */
const scratch = new Uint8Array(64 * 1024);
/** UTF-8 has at most three bytes for a UTF-16 unit. */
const SCRATCH_UNITS_MAX = Math.floor(scratch.length / 3);

/** Told by the socket what readiness must know; at most one at a time. */
export interface SocketWatcher {
  /** A call has processed the socket's mailbox: an edge of its ZMQ_FD may be lost. */
  touched(): void;
  monitorStarted(fd: number): void;
  closing(): void;
}

/** Opens a socket with its options set. Throws ZmqError (EMFILE, EINVAL for an option's value). */
export function openSocket(type: SocketType, options: SocketOptions = {}): ZmqSocket {
  return new Socket(type, options);
}

export class Socket implements ZmqSocket {
  readonly type: SocketType;
  readonly handle: Handle;
  /** The same for zmq_poll's items. */
  readonly address: bigint;
  readonly fd: number;
  watcher: SocketWatcher | undefined;
  tap: MonitorTap | undefined;
  /** A send was refused for lack of room since the last drain. */
  wantsRoom = false;
  #closed = false;
  readonly #functions = library();

  constructor(type: SocketType, options: SocketOptions) {
    this.type = type;
    const handle = this.#functions.zmq_socket(contextHandle(), SOCKET_TYPES[type]);
    if (handle === null) throw lastError(`open ${type}`);
    this.handle = handle;
    this.address = BigInt(handle);
    try {
      applyOptions(handle, type, options);
      this.fd = getInteger(handle, OPTION.fd, "fd");
    } catch (error) {
      this.#functions.zmq_close(handle);
      throw error;
    }
    registerSocket(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  bind(endpoint: string): string {
    this.#requireOpen("bind", endpoint);
    if (this.#functions.zmq_bind(this.handle, cString(endpoint)) !== 0) throw lastError("bind", endpoint);
    this.watcher?.touched();
    return getText(this.handle, OPTION.lastEndpoint, "last endpoint");
  }

  unbind(endpoint: string): void {
    this.#requireOpen("unbind", endpoint);
    if (this.#functions.zmq_unbind(this.handle, cString(endpoint)) !== 0) throw lastError("unbind", endpoint);
    this.watcher?.touched();
  }

  connect(endpoint: string): void {
    this.#requireOpen("connect", endpoint);
    if (this.#functions.zmq_connect(this.handle, cString(endpoint)) !== 0) {
      throw lastError("connect", endpoint);
    }
    this.watcher?.touched();
  }

  disconnect(endpoint: string): void {
    this.#requireOpen("disconnect", endpoint);
    if (this.#functions.zmq_disconnect(this.handle, cString(endpoint)) !== 0) {
      throw lastError("disconnect", endpoint);
    }
    this.watcher?.touched();
  }

  subscribe(prefix: string): void {
    this.#requireOpen("subscribe", prefix);
    setBytes(this.handle, OPTION.subscribe, prefix, `subscribe ${JSON.stringify(prefix)}`);
    this.watcher?.touched();
  }

  unsubscribe(prefix: string): void {
    this.#requireOpen("unsubscribe", prefix);
    setBytes(this.handle, OPTION.unsubscribe, prefix, `unsubscribe ${JSON.stringify(prefix)}`);
    this.watcher?.touched();
  }

  send(frames: readonly (Uint8Array | string)[]): SendResult {
    this.#requireOpen("send", "");
    const last = frames.length - 1;
    if (last < 0) throw new RangeError("zmq send: a message has at least one frame");
    let result: SendResult = "sent";
    for (let index = 0; index <= last; index++) {
      const frame = frames[index] ?? "";
      if (this.#sendFrame(frame, index < last ? SNDMORE | DONTWAIT : DONTWAIT) >= 0) continue;
      result = this.#refused();
      // Refused at its start, nothing of the message is in libzmq. Refused later, its peer went away in the
      // middle of it: libzmq takes the rest in order to drop it, or the next message would be cut.
      if (index === 0) break;
    }
    if (result === "full") this.wantsRoom = true;
    this.watcher?.touched();
    return result;
  }

  receive(options?: { readonly properties?: boolean }): ReceivedMessage | undefined {
    this.#requireOpen("receive", "");
    const size = receivePart(this.handle);
    if (size < 0) return undefined;
    const frames = [copyPart(size)];
    let peerAddress = "";
    let userId = "";
    if (options?.properties === true) {
      peerAddress = peerAddressOfPart();
      userId = userIdOfPart();
    }
    while (hasMoreParts()) frames.push(copyPart(receivePart(this.handle)));
    return { frames, peerAddress, userId };
  }

  monitor(onEvent: (event: MonitorEvent) => void): void {
    this.#requireOpen("monitor", "");
    if (this.tap !== undefined) throw new Error("zmq monitor: this socket has a monitor already");
    this.tap = new MonitorTap(this.handle, onEvent);
    this.watcher?.monitorStarted(this.tap.fd);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.watcher?.closing();
    unregisterSocket(this);
    this.#functions.zmq_socket_monitor(this.handle, null, 0);
    this.tap?.close();
    if (this.#functions.zmq_close(this.handle) !== 0) throw lastError("close");
  }

  #requireOpen(operation: string, endpoint: string): void {
    if (this.#closed) throw new ZmqError(operation, endpoint, ENOTSOCK, `the ${this.type} socket is closed`);
  }

  #sendFrame(frame: Uint8Array | string, flags: number): number {
    if (typeof frame !== "string") {
      return this.#functions.zmq_send(this.handle, frame, frame.byteLength, flags);
    }
    if (frame.length > SCRATCH_UNITS_MAX) {
      const bytes = encoder.encode(frame);
      return this.#functions.zmq_send(this.handle, bytes, bytes.byteLength, flags);
    }
    const { written } = encoder.encodeInto(frame, scratch);
    return this.#functions.zmq_send(this.handle, scratch, written, flags);
  }

  #refused(): SendResult {
    const errno = this.#functions.zmq_errno();
    // Interrupted by a signal: not sent, and worth another try soon, which is what "full" says.
    if (errno === EAGAIN || errno === EINTR) return "full";
    if (errno === EHOSTUNREACH) return "unroutable";
    throw lastError("send");
  }
}
