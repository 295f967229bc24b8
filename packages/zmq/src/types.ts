/**
 * The door of the zmq package: libzmq as small typed sockets. Knows nothing of signals.
 *
 * Invariants: a socket is used by the thread that opened it; every wait takes an `AbortSignal` or a bound;
 * `close()` may be called twice.
 */

export type SocketType = "router" | "dealer" | "pub" | "sub" | "xpub" | "xsub" | "pair";

export interface CurveServer {
  readonly role: "server";
  /** Z85, 40 characters. */
  readonly secretKey: string;
}
export interface CurveClient {
  readonly role: "client";
  readonly publicKey: string;
  readonly secretKey: string;
  readonly serverKey: string;
}

export interface SocketOptions {
  /** Messages; libzmq's default is 1000. */
  readonly sendHighWaterMark?: number;
  readonly receiveHighWaterMark?: number;
  /** How long unsent messages survive close, ms. Default 0: a closed session leaves nothing behind. */
  readonly lingerMs?: number;
  /** Router: report an unroutable message (EHOSTUNREACH) instead of dropping it. Default true. */
  readonly routerMandatory?: boolean;
  /** Router: a peer with the same routing id takes over. */
  readonly routerHandover?: boolean;
  /** Dealer: routing id; default: libzmq's own, a new one a connection. */
  readonly routingId?: Uint8Array;
  /** Bytes; larger messages end the peer's connection. */
  readonly messageSizeMax?: number;
  readonly reconnectIntervalMs?: number;
  readonly reconnectIntervalMaxMs?: number;
  /** No reconnect at all: a session that lost its peer is over. */
  readonly reconnectStop?: boolean;
  readonly connectTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly curve?: CurveServer | CurveClient;
  /** XPUB: pass every subscription message, also repeated ones. */
  readonly xpubVerbose?: boolean;
  readonly ipv6?: boolean;
}

export interface ReceivedMessage {
  /** Frames, copied out of libzmq: they stay valid. */
  readonly frames: readonly Uint8Array[];
  /** `Peer-Address` of the first frame: on ipc `localhost:uid:gid:pid`, kernel-checked. "" when unknown. */
  readonly peerAddress: string;
  /** `User-Id` set by ZAP (CURVE), "" otherwise. */
  readonly userId: string;
}

export type SendResult = "sent" | "full" | "unroutable";

export interface MonitorEvent {
  readonly event:
    | "connected"
    | "disconnected"
    | "accepted"
    | "listening"
    | "closed"
    | "handshakeSucceeded"
    | "handshakeFailed"
    | "other";
  readonly value: number;
  readonly endpoint: string;
}

export interface ZmqSocket {
  readonly type: SocketType;
  /** Binds and returns the endpoint as resolved by libzmq (a port 0 or `*` becomes a number). */
  bind(endpoint: string): string;
  unbind(endpoint: string): void;
  connect(endpoint: string): void;
  disconnect(endpoint: string): void;
  subscribe(prefix: string): void;
  unsubscribe(prefix: string): void;
  /** Never blocks. `full`: the high-water mark is reached, nothing of the message was sent. */
  send(frames: readonly (Uint8Array | string)[]): SendResult;
  /** Never blocks; `undefined` when nothing waits. Properties are read only when asked for (they cost a call each). */
  receive(options?: { readonly properties?: boolean }): ReceivedMessage | undefined;
  /** Starts libzmq's monitor; events come through `onEvent`, drained by the same readiness as the socket. */
  monitor(onEvent: (event: MonitorEvent) => void): void;
  close(): void;
  readonly closed: boolean;
}

/**
 * Tells a thread's event loop that sockets may have input. One per process: a Worker that waits in
 * `epoll_wait` on the sockets' ZMQ_FDs and posts one wake-up; the main thread drains until empty.
 */
export interface Readiness {
  /**
   * Calls `drain` whenever `socket` may have input or room, until `unwatch`. `drain` must receive until
   * `undefined`. Level-triggered for the caller: edges that libzmq swallows during sends are re-checked.
   */
  watch(socket: ZmqSocket, drain: () => void): () => void;
  close(): Promise<void>;
}

/**
 * For a process whose main loop is the bus: blocks in `zmq_poll` for at most `timeoutMs`, 0 to return at once.
 * Returns the sockets with input (their monitors count as input and are drained).
 */
export type PollSockets = (sockets: readonly ZmqSocket[], timeoutMs: number) => readonly ZmqSocket[];
