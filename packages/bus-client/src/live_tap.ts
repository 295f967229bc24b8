import { openSocket, type Readiness } from "@kloros/zmq";
import type { Tap } from "./types.ts";

export interface LiveTapOptions {
  readonly endpoint: string;
  readonly readiness: Readiness;
  /** Exact names; undefined: all. */
  readonly names: readonly string[] | undefined;
}

/** Signals that may wait in this process; more are lost, as a live feed's may be. */
const HIGH_WATER_MARK = 10_000;
/** Signals handed over in one turn of the event loop. */
const TURN_MAX = 1000;
/** How long to wait for the feed before going on without it, ms: it joins by itself when the bus is there. */
const JOIN_MS = 1000;

/** Subscribes to the live feed: two frames, `[signal name][envelope]`. Reconnects by itself. */
export async function openLiveTap(
  options: LiveTapOptions,
  onText: (name: string, body: string) => void,
): Promise<Tap> {
  const { names, endpoint, readiness } = options;
  const wanted = names === undefined ? undefined : new Set(names);
  const socket = openSocket("sub", {
    receiveHighWaterMark: HIGH_WATER_MARK,
    reconnectIntervalMs: 50,
    reconnectIntervalMaxMs: 2000,
  });
  const joined = Promise.withResolvers<void>();
  socket.monitor(({ event }) => {
    if (event === "handshakeSucceeded") joined.resolve();
  });
  for (const name of names ?? [""]) socket.subscribe(name);
  socket.connect(endpoint);
  const decoder = new TextDecoder();
  const drain = (): void => {
    for (let count = 0; count < TURN_MAX; count++) {
      const message = socket.closed ? undefined : socket.receive();
      if (message === undefined) return;
      const [head, body, ...rest] = message.frames;
      if (head === undefined || body === undefined || rest.length > 0) continue;
      const name = decoder.decode(head);
      // A subscription matches by prefix: Q_X brings Q_X_LONGER too.
      if (wanted === undefined || wanted.has(name)) onText(name, decoder.decode(body));
    }
    setImmediate(drain);
  };
  readiness.watch(socket, drain);
  const late = setTimeout(joined.resolve, JOIN_MS);
  await joined.promise;
  clearTimeout(late);
  return {
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}
