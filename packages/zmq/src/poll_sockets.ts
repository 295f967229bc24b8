/** Blocking wait for a process whose main loop is the bus. */
import { lastError } from "./errors.ts";
import { library } from "./library.ts";
import { Socket } from "./socket.ts";
import type { PollSockets, ZmqSocket } from "./types.ts";
import { EINTR, POLLIN } from "./zmq_constants.ts";

/** zmq_pollitem_t: void* socket; int fd; short events; short revents. */
const ITEM_BYTES = 16;
const REVENTS_AT = 14;
/** Two items a socket (its monitor is one); far beyond what a process opens. */
const ITEMS_MAX = 2048;

const items = new DataView(new ArrayBuffer(ITEM_BYTES * ITEMS_MAX));

/**
 * Blocks in `zmq_poll` for at most `timeoutMs`; nothing else of this process runs meanwhile. Returns the
 * sockets with input. Monitors count as input: they are drained here, and their socket is returned.
 * A signal of the process ends the wait early, with what is ready then. Throws ZmqError, RangeError.
 */
export const pollSockets: PollSockets = (sockets, timeoutMs) => {
  if (!(timeoutMs >= 0)) throw new RangeError(`zmq poll: the limit must be 0 ms or more, not ${timeoutMs}`);
  let count = 0;
  for (const socket of sockets) {
    const open = requireSocket(socket);
    count = writeItem(count, open.address);
    if (open.tap !== undefined) count = writeItem(count, open.tap.address);
  }
  const ready = library().zmq_poll(new Uint8Array(items.buffer), count, Math.ceil(timeoutMs));
  if (ready < 0) {
    if (library().zmq_errno() === EINTR) return [];
    throw lastError("poll");
  }
  return ready === 0 ? [] : collect(sockets);
};

function collect(sockets: readonly ZmqSocket[]): readonly ZmqSocket[] {
  const result: ZmqSocket[] = [];
  const drains: (() => void)[] = [];
  let index = 0;
  for (const socket of sockets) {
    const { tap } = requireSocket(socket);
    let hasInput = isReady(index++);
    if (tap !== undefined && isReady(index++)) {
      hasInput = true;
      drains.push(() => tap.drain());
    }
    if (hasInput) result.push(socket);
  }
  // Afterwards: what the listeners do (close a socket, poll again) must not disturb the reading of the items.
  for (const drain of drains) drain();
  return result;
}

function writeItem(index: number, address: bigint): number {
  if (index >= ITEMS_MAX) throw new RangeError(`zmq poll: more than ${ITEMS_MAX} sockets and monitors`);
  const at = index * ITEM_BYTES;
  items.setBigUint64(at, address, true);
  items.setInt16(at + 12, POLLIN, true);
  items.setInt16(at + REVENTS_AT, 0, true);
  return index + 1;
}

function isReady(index: number): boolean {
  return items.getInt16(index * ITEM_BYTES + REVENTS_AT, true) !== 0;
}

function requireSocket(socket: ZmqSocket): Socket {
  if (!(socket instanceof Socket)) throw new TypeError("zmq poll: not a socket made by openSocket()");
  if (socket.closed) throw new Error(`zmq poll: a ${socket.type} socket in the list is closed`);
  return socket;
}
