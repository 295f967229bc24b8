/**
 * Socket readiness on the event loop.
 *
 * Edges alone do not suffice: a send, connect or bind processes the socket's mailbox too and thereby takes
 * the edge that input would have caused. So each such call is followed by a look at ZMQ_EVENTS in the same
 * turn (a microtask), and so is each drain.
 */
import { ReadinessThread } from "./readiness_thread.ts";
import { readEvents } from "./raw_socket.ts";
import { Socket, type SocketWatcher } from "./socket.ts";
import type { Readiness, ZmqSocket } from "./types.ts";
import { POLLIN, POLLOUT } from "./zmq_constants.ts";

/**
 * A full ROUTER is tried again after this, doubled each time in vain up to the maximum: it does not say which
 * of its peers has room again, so that neither edges nor ZMQ_EVENTS suffice. Other types do say so.
 */
const FULL_RETRY_MS = 2;
const FULL_RETRY_MS_MAX = 64;

/** One is enough for a process. Costs a thread from the first `watch` on. */
export function openReadiness(): Readiness {
  return new EpollReadiness();
}

class EpollReadiness implements Readiness {
  readonly #watches = new Set<Watch>();
  #thread: ReadinessThread | undefined;
  #closed = false;

  watch(socket: ZmqSocket, drain: () => void): () => void {
    if (!(socket instanceof Socket)) throw new TypeError("zmq watch: not a socket made by openSocket()");
    if (this.#closed) throw new Error("zmq watch: this readiness is closed");
    if (socket.closed) throw new Error(`zmq watch: the ${socket.type} socket is closed`);
    if (socket.watcher !== undefined) throw new Error(`zmq watch: this ${socket.type} is watched already`);
    this.#thread ??= new ReadinessThread(() => this.#wake());
    const watch = new Watch(socket, drain, this.#thread, () => this.#forget(watch));
    this.#watches.add(watch);
    if (this.#watches.size === 1) this.#thread.keepAlive(true);
    return () => watch.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.end();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  #wake(): void {
    for (const watch of this.#watches) watch.look();
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch);
    if (this.#watches.size === 0) this.#thread?.keepAlive(false);
  }
}

/** One watched socket with its monitor. */
class Watch implements SocketWatcher {
  readonly #socket: Socket;
  readonly #drain: () => void;
  readonly #thread: ReadinessThread;
  readonly #onEnd: () => void;
  #monitorFd: number | undefined;
  #ended = false;
  #draining = false;
  #lookPlanned = false;
  #drainPlanned = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = FULL_RETRY_MS;

  constructor(socket: Socket, drain: () => void, thread: ReadinessThread, onEnd: () => void) {
    this.#socket = socket;
    this.#drain = drain;
    this.#thread = thread;
    this.#onEnd = onEnd;
    thread.add(socket.fd);
    socket.watcher = this;
    if (socket.tap !== undefined) this.monitorStarted(socket.tap.fd);
    this.#planDrain();
  }

  touched(): void {
    if (this.#lookPlanned || this.#draining) return;
    this.#lookPlanned = true;
    queueMicrotask(this.#lookLater);
  }

  monitorStarted(fd: number): void {
    this.#monitorFd = fd;
    this.#thread.add(fd);
    this.#planDrain();
  }

  closing(): void {
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#socket.watcher = undefined;
    this.#thread.remove(this.#socket.fd);
    if (this.#monitorFd !== undefined) this.#thread.remove(this.#monitorFd);
    this.#onEnd();
  }

  /** Drains now when there is something to do. Listeners may end this watch at any point. */
  look(): void {
    if (this.#ended || this.#draining) return;
    this.#draining = true;
    try {
      this.#socket.tap?.drain();
      if (!this.#ended && this.#isReady()) this.#runDrain();
    } finally {
      this.#draining = false;
    }
    if (!this.#ended) this.#afterDrain();
  }

  readonly #lookLater = (): void => {
    this.#lookPlanned = false;
    if (!this.#ended) this.#afterDrain();
  };

  #runDrain(): void {
    this.#socket.wantsRoom = false;
    this.#drain();
  }

  /** Input that came meanwhile gets a turn of its own, so that timers and other sockets are not starved. */
  #afterDrain(): void {
    const { handle, type, wantsRoom } = this.#socket;
    const interest = wantsRoom && type !== "router" ? POLLIN | POLLOUT : POLLIN;
    if ((readEvents(handle) & interest) !== 0) this.#planDrain();
    if (!wantsRoom) this.#retryMs = FULL_RETRY_MS;
    else if (type === "router") this.#retry ??= setTimeout(this.#retryFull, this.#retryMs);
  }

  readonly #retryFull = (): void => {
    this.#retry = undefined;
    this.#retryMs = Math.min(this.#retryMs * 2, FULL_RETRY_MS_MAX);
    this.look();
  };

  #planDrain(): void {
    if (this.#drainPlanned) return;
    this.#drainPlanned = true;
    setImmediate(this.#drainLater);
  }

  readonly #drainLater = (): void => {
    this.#drainPlanned = false;
    this.look();
  };

  #isReady(): boolean {
    const events = readEvents(this.#socket.handle);
    return (events & POLLIN) !== 0 || (this.#socket.wantsRoom && (events & POLLOUT) !== 0);
  }
}
