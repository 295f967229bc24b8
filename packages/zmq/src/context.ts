/** One libzmq context a process (strictly: a thread), made at first use. */
import { lastError } from "./errors.ts";
import { type Handle, library } from "./library.ts";
import { EINTR } from "./zmq_constants.ts";

interface Closable {
  close(): void;
}

let handle: Handle | undefined;
const open = new Set<Closable>();

/** Throws ZmqError (EMFILE). */
export function contextHandle(): Handle {
  if (handle !== undefined) return handle;
  const made = library().zmq_ctx_new();
  if (made === null) throw lastError("create context");
  handle = made;
  return made;
}

/** Sockets register, so that the context can end: libzmq waits for ever for one that was forgotten. */
export function registerSocket(socket: Closable): void {
  open.add(socket);
}

export function unregisterSocket(socket: Closable): void {
  open.delete(socket);
}

/**
 * Closes every socket that is still open and ends the context; blocks for the longest `lingerMs` at most.
 * May be called twice; a later `openSocket` makes a new context.
 */
export function closeContext(): void {
  for (const socket of open) socket.close();
  if (handle === undefined) return;
  const ending = handle;
  handle = undefined;
  const functions = library();
  while (functions.zmq_ctx_term(ending) !== 0) {
    if (functions.zmq_errno() !== EINTR) throw lastError("close context");
  }
}
