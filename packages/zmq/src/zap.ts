/**
 * The ZAP handler (ZeroMQ RFC 27): decides which CURVE clients may come in, and as whom.
 *
 * One a context. Without it a CURVE server of this package lets nobody in. libzmq lets a client wait in its
 * handshake until the main thread has answered.
 */
import { encodeKey } from "./curve.ts";
import { Socket } from "./socket.ts";
import type { Readiness, ZmqSocket } from "./types.ts";

export interface ZapOptions {
  /** Public key (Z85) → the `userId` of messages from it. Read at each handshake: changes count from then on. */
  readonly allow: ReadonlyMap<string, string>;
  /** Answers by this readiness; absent: the caller polls `socket` and calls `drain`. */
  readonly readiness?: Readiness;
  /** Told of each decision; `userId` is undefined when it was refused. */
  readonly onDecision?: (decision: ZapDecision) => void;
}

export interface ZapDecision {
  readonly publicKey: string;
  readonly address: string;
  readonly userId: string | undefined;
}

export interface Zap {
  readonly socket: ZmqSocket;
  /** Answers all requests that wait. */
  drain(): void;
  close(): void;
}

/** Throws ZmqError (EADDRINUSE) when this context has a handler already. */
export function startZap(options: ZapOptions): Zap {
  const socket = new Socket("router", { routerMandatory: false });
  try {
    socket.bind(ENDPOINT);
  } catch (error) {
    socket.close();
    throw error;
  }
  const drain = (): void => {
    for (let request = socket.receive(); request !== undefined; request = socket.receive()) {
      answer(socket, request.frames, options);
    }
  };
  options.readiness?.watch(socket, drain);
  const close = (): void => {
    // Closing gives the name back some time later; unbinding at once, so that a new handler can start.
    if (!socket.closed) socket.unbind(ENDPOINT);
    socket.close();
  };
  return { socket, drain, close };
}

/** Where libzmq looks for the handler. */
const ENDPOINT = "inproc://zeromq.zap.01";

const decoder = new TextDecoder();
const CURVE_KEY_BYTES = 32;

/** Request: routing id, "", version, request id, domain, address, identity, mechanism, credentials … */
function answer(socket: Socket, frames: readonly Uint8Array[], options: ZapOptions): void {
  const [route, , version, requestId, , address, , mechanism, key] = frames;
  if (route === undefined || version === undefined || requestId === undefined) return;
  const isCurve = mechanism !== undefined && decoder.decode(mechanism) === "CURVE";
  const publicKey = isCurve && key?.byteLength === CURVE_KEY_BYTES ? encodeKey(key) : "";
  const userId = publicKey === "" ? undefined : options.allow.get(publicKey);
  const [code, text] = userId === undefined ? ["400", "not allowed"] : ["200", "OK"];
  socket.send([route, "", version, requestId, code, text, userId ?? "", ""]);
  options.onDecision?.({ publicKey, address: decoder.decode(address), userId });
}
