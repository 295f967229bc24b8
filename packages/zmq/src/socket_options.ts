/** `SocketOptions` → libzmq's options, all set before the first bind or connect. */
import type { Handle } from "./library.ts";
import { setBytes, setInteger, setWide } from "./raw_socket.ts";
import type { CurveClient, CurveServer, SocketOptions, SocketType } from "./types.ts";
import { OPTION } from "./zmq_constants.ts";

const NUMBERS = [
  ["sendHighWaterMark", OPTION.sendHighWaterMark],
  ["receiveHighWaterMark", OPTION.receiveHighWaterMark],
  ["reconnectIntervalMs", OPTION.reconnectInterval],
  ["reconnectIntervalMaxMs", OPTION.reconnectIntervalMax],
  ["connectTimeoutMs", OPTION.connectTimeout],
  ["heartbeatIntervalMs", OPTION.heartbeatInterval],
  ["heartbeatTimeoutMs", OPTION.heartbeatTimeout],
] as const satisfies readonly (readonly [keyof SocketOptions, number])[];

/** With `reconnectIntervalMs` -1 libzmq neither retries a refused connect nor comes back after a loss. */
const NEVER = -1;

/**
 * Bytes that libzmq's I/O thread reads or writes at once, for each connection. Its own 8 KiB are 27 signals of
 * 300 bytes; 64 KiB gave 20 to 35 % more messages/s over ipc and tcp, and the same latency.
 */
const BATCH_BYTES = 64 * 1024;

export function applyOptions(handle: Handle, type: SocketType, options: SocketOptions): void {
  setInteger(handle, OPTION.inBatchSize, BATCH_BYTES, "inBatchSize");
  setInteger(handle, OPTION.outBatchSize, BATCH_BYTES, "outBatchSize");
  setInteger(handle, OPTION.linger, options.lingerMs ?? 0, "lingerMs");
  for (const [name, option] of NUMBERS) {
    const value = options[name];
    if (value !== undefined) setInteger(handle, option, value, name);
  }
  if (options.messageSizeMax !== undefined) {
    setWide(handle, OPTION.messageSizeMax, options.messageSizeMax, "messageSizeMax");
  }
  if (options.reconnectStop === true) setInteger(handle, OPTION.reconnectInterval, NEVER, "reconnectStop");
  if (options.ipv6 === true) setInteger(handle, OPTION.ipv6, 1, "ipv6");
  if (options.routingId !== undefined) setBytes(handle, OPTION.routingId, options.routingId, "routingId");
  if (type === "router") applyRouter(handle, options);
  if (options.xpubVerbose === true) setInteger(handle, OPTION.xpubVerboser, 1, "xpubVerbose");
  if (options.curve?.role === "server") applyCurveServer(handle, options.curve);
  if (options.curve?.role === "client") applyCurveClient(handle, options.curve);
}

function applyRouter(handle: Handle, options: SocketOptions): void {
  setInteger(handle, OPTION.routerMandatory, (options.routerMandatory ?? true) ? 1 : 0, "routerMandatory");
  if (options.routerHandover === true) setInteger(handle, OPTION.routerHandover, 1, "routerHandover");
}

/**
 * A CURVE server without a ZAP handler would let every client in. Enforcing a domain makes libzmq refuse
 * instead: `startZap` has to run, or nobody gets in.
 */
function applyCurveServer(handle: Handle, curve: CurveServer): void {
  setInteger(handle, OPTION.curveServer, 1, "curve server");
  setBytes(handle, OPTION.curveSecretKey, curve.secretKey, "curve secretKey (Z85, 40 characters)");
  setBytes(handle, OPTION.zapDomain, "global", "zap domain");
  setInteger(handle, OPTION.zapEnforceDomain, 1, "zap enforce domain");
}

function applyCurveClient(handle: Handle, curve: CurveClient): void {
  setBytes(handle, OPTION.curveServerKey, curve.serverKey, "curve serverKey (Z85, 40 characters)");
  setBytes(handle, OPTION.curvePublicKey, curve.publicKey, "curve publicKey (Z85, 40 characters)");
  setBytes(handle, OPTION.curveSecretKey, curve.secretKey, "curve secretKey (Z85, 40 characters)");
}
