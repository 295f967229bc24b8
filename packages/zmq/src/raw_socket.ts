/** libzmq's socket calls on a bare handle, for everything that owns one: options, and receiving frames. */
import { CString } from "bun:ffi";
import { lastError } from "./errors.ts";
import { type Handle, library } from "./library.ts";
import { DONTWAIT, EAGAIN, EINTR, OPTION } from "./zmq_constants.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const integer = new Int32Array(1);
const wide = new BigInt64Array(1);
const optionLength = new BigUint64Array(1);
/** libzmq writes at most the 255 bytes of a routing id or an endpoint with its final zero. */
const text = new Uint8Array(1024);

/** A C string. */
export function cString(value: string): Uint8Array {
  return encoder.encode(`${value}\0`);
}

export function setInteger(handle: Handle, option: number, value: number, name: string): void {
  integer[0] = value;
  if (library().zmq_setsockopt(handle, option, integer, 4) !== 0)
    throw lastError(`set ${name}`, String(value));
}

export function setWide(handle: Handle, option: number, value: number, name: string): void {
  wide[0] = BigInt(value);
  if (library().zmq_setsockopt(handle, option, wide, 8) !== 0) throw lastError(`set ${name}`, String(value));
}

/** `secret` values do not appear in the error. */
export function setBytes(handle: Handle, option: number, value: Uint8Array | string, name: string): void {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  if (library().zmq_setsockopt(handle, option, bytes, bytes.byteLength) !== 0) throw lastError(`set ${name}`);
}

export function getInteger(handle: Handle, option: number, name: string): number {
  optionLength[0] = 4n;
  while (library().zmq_getsockopt(handle, option, integer, optionLength) !== 0) {
    if (library().zmq_errno() !== EINTR) throw lastError(`get ${name}`);
  }
  return integer[0] ?? 0;
}

export function getText(handle: Handle, option: number, name: string): string {
  optionLength[0] = BigInt(text.length);
  if (library().zmq_getsockopt(handle, option, text, optionLength) !== 0) throw lastError(`get ${name}`);
  return decoder.decode(text.subarray(0, Math.max(0, Number(optionLength[0]) - 1)));
}

/** ZMQ_EVENTS: what the socket is ready for. Processes what waits in the socket's mailbox. */
export function readEvents(handle: Handle): number {
  return getInteger(handle, OPTION.events, "events");
}

/**
 * One zmq_msg_t (64 bytes) for all sockets of this thread: receiving into it releases what it held before,
 * and receiving in vain empties it, so that a large message is kept no longer than until the next call.
 */
const message = new BigUint64Array(8);
let initialised = false;

/** First part of the next message, as its size; -1 when nothing waits. */
export function receivePart(handle: Handle): number {
  const functions = library();
  if (!initialised) {
    functions.zmq_msg_init(message);
    initialised = true;
  }
  for (;;) {
    const size = functions.zmq_msg_recv(message, handle, DONTWAIT);
    if (size >= 0) return size;
    const errno = functions.zmq_errno();
    if (errno === EAGAIN) return -1;
    if (errno !== EINTR) throw lastError("receive");
  }
}

/** Copies the part received last out of libzmq. */
export function copyPart(size: number): Uint8Array {
  const part = new Uint8Array(size);
  if (size > 0) {
    const functions = library();
    functions.memcpy(part, functions.zmq_msg_data(message), size);
  }
  return part;
}

/** True when the message has a part behind the one received last; libzmq hands over whole messages only. */
export function hasMoreParts(): boolean {
  return library().zmq_msg_more(message) !== 0;
}

const PEER_ADDRESS = cString("Peer-Address");
const USER_ID = cString("User-Id");

function property(name: Uint8Array): string {
  const value = library().zmq_msg_gets(message, name);
  return value === null ? "" : new CString(value);
}

export function peerAddressOfPart(): string {
  return property(PEER_ADDRESS);
}

export function userIdOfPart(): string {
  return property(USER_ID);
}
