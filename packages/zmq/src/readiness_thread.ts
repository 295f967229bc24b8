/**
 * The waiting half of readiness: an epoll set that this thread fills, and a Worker that sleeps in it.
 *
 * The set is edge-triggered: a ZMQ_FD stays readable until its socket's mailbox was processed, so that a
 * level-triggered set would spin meanwhile. `epoll_ctl` may be called while the Worker sleeps.
 */
import { lastError } from "./errors.ts";
import { library, libraryPath } from "./library.ts";
import * as workerModule from "./readiness_worker.ts" with { type: "text" };

/** The import's attribute makes the file's text its default export; TypeScript 7.0 sees the module instead. */
const workerSource = (workerModule as unknown as { readonly default: string }).default;

/** <sys/epoll.h>, <sys/eventfd.h>; `struct epoll_event` is packed on x86-64 only. */
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLLET = 2 ** 31;
const EFD_CLOEXEC = 0o2000000;
const EVENT_BYTES = process.arch === "x64" ? 12 : 16;
const DATA_AT = process.arch === "x64" ? 4 : 8;
const STOP_TAG = 1;
const SOCKET_TAG = 0;

/** A thread that does not end within this is given up: it sleeps, and costs nothing but its memory. */
const STOP_MS_MAX = 1000;

export class ReadinessThread {
  readonly #epollFd: number;
  readonly #stopFd: number;
  readonly #pending = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  readonly #stopped: Promise<void>;

  /** `onReady` runs on this thread's event loop after one edge or several. */
  constructor(onReady: () => void) {
    const functions = library();
    this.#epollFd = functions.epoll_create1(EPOLL_CLOEXEC);
    if (this.#epollFd < 0) throw lastError("make epoll set");
    this.#stopFd = functions.eventfd(0, EFD_CLOEXEC);
    if (this.#stopFd < 0) throw lastError("make eventfd");
    this.#control(EPOLL_CTL_ADD, this.#stopFd, STOP_TAG);
    const url = URL.createObjectURL(new Blob([workerSource], { type: "application/typescript" }));
    this.#worker = new Worker(url, { ref: false, name: "zmq-readiness" });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = promise;
    this.#worker.onmessage = (event: MessageEvent<"ready" | "stopped">) => {
      if (event.data === "stopped") return resolve();
      // Before looking at the sockets: an edge from here on is a new wake-up.
      Atomics.store(this.#pending, 0, 0);
      onReady();
    };
    this.#worker.onerror = (event) => {
      resolve();
      throw new Error(`zmq readiness: its thread failed: ${event.message}`);
    };
    this.#worker.postMessage({
      libraryPath: libraryPath(),
      epollFd: this.#epollFd,
      dataAt: DATA_AT,
      eventBytes: EVENT_BYTES,
      stopTag: STOP_TAG,
      pending: this.#pending,
    });
  }

  add(fd: number): void {
    this.#control(EPOLL_CTL_ADD, fd, SOCKET_TAG);
  }

  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, SOCKET_TAG);
  }

  /** Whether the process lives on for this thread's sake. */
  keepAlive(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  async stop(): Promise<void> {
    const functions = library();
    functions.write(this.#stopFd, new BigUint64Array([1n]), 8);
    this.#worker.ref();
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, STOP_MS_MAX);
    await Promise.race([this.#stopped, timer.promise]);
    clearTimeout(timeout);
    this.#worker.terminate();
    functions.close(this.#epollFd);
    functions.close(this.#stopFd);
  }

  #control(operation: number, fd: number, tag: number): void {
    const event = new DataView(new ArrayBuffer(EVENT_BYTES));
    event.setUint32(0, EPOLLIN + EPOLLET, true);
    event.setUint32(DATA_AT, tag, true);
    const rc = library().epoll_ctl(this.#epollFd, operation, fd, new Uint8Array(event.buffer));
    if (rc !== 0) throw lastError("change epoll set", `fd ${fd}`);
  }
}
