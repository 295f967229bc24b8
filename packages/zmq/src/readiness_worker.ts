/**
 * Runs in a Worker of its own: sleeps in `epoll_wait` and tells the main thread that something is ready.
 *
 * ./readiness_thread.ts embeds this file as text, so that a compiled program needs no second entry point.
 * Therefore it may import nothing but built-in modules.
 */
import { dlopen } from "bun:ffi";

interface Start {
  readonly libraryPath: string;
  readonly epollFd: number;
  /** Where in an epoll_event its data begins: 4 where the struct is packed (x86-64), else 8. */
  readonly dataAt: number;
  readonly eventBytes: number;
  /** The eventfd's data: its event ends the thread. */
  readonly stopTag: number;
  /** [0]: 1 while a wake-up is on its way, so that a burst of edges is one message. */
  readonly pending: Int32Array;
}

const EVENTS_MAX = 64;

function run(start: Start): void {
  const { symbols } = dlopen(start.libraryPath, {
    epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
  });
  const events = new DataView(new ArrayBuffer(EVENTS_MAX * start.eventBytes));
  const bytes = new Uint8Array(events.buffer);
  for (;;) {
    // -1 is EINTR: everything else that epoll_wait can report would be a mistake in this file's arguments.
    const count = symbols.epoll_wait(start.epollFd, bytes, EVENTS_MAX, -1);
    for (let index = 0; index < count; index++) {
      if (events.getUint32(index * start.eventBytes + start.dataAt, true) === start.stopTag) return;
    }
    if (count > 0 && Atomics.exchange(start.pending, 0, 1) === 0) postMessage("ready");
  }
}

addEventListener("message", (event) => {
  run((event as MessageEvent<Start>).data);
  postMessage("stopped");
});
