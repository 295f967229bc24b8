import type { Ambient } from "./ambient.ts";
import type { Sockets } from "./sockets.ts";
import type { Tap } from "./types.ts";

export interface LiveTapOptions {
  readonly endpoint: string;
  readonly sockets: Sockets;
  readonly ambient: Ambient;
  /** Exact names; undefined: all. */
  readonly names: readonly string[] | undefined;
}

export interface LiveTap extends Tap {
  /** Connected, or gone on without it: the feed is joined by itself when the bus is there. */
  readonly joined: Promise<void>;
}

/** Signals that may wait in this process; more are lost, as a live feed's may be. */
const HIGH_WATER_MARK = 10_000;
/** Signals handed over in one turn of the event loop. */
const TURN_MAX = 1000;
const JOIN_MS = 1000;

/** Subscribes to the live feed: two frames, `[signal name][envelope]`. Reconnects by itself. */
export function openLiveTap(options: LiveTapOptions, onText: (name: string, body: string) => void): LiveTap {
  const { names, endpoint, sockets, ambient } = options;
  const wanted = names === undefined ? undefined : new Set(names);
  const socket = sockets.open("sub", {
    receiveHighWaterMark: HIGH_WATER_MARK,
    reconnectIntervalMs: 50,
    reconnectIntervalMaxMs: 2000,
  });
  const { promise: joined, resolve: join } = Promise.withResolvers<void>();
  socket.monitor(({ event }) => {
    if (event === "handshakeSucceeded") join();
  });
  for (const name of names ?? [""]) socket.subscribe(name);
  socket.connect(endpoint);
  const decoder = new TextDecoder();
  const take = ([head, body, ...rest]: readonly Uint8Array[]): void => {
    if (head === undefined || body === undefined || rest.length > 0) return;
    const name = decoder.decode(head);
    // A subscription matches by prefix: Q_X brings Q_X_LONGER too.
    if (wanted === undefined || wanted.has(name)) onText(name, decoder.decode(body));
  };
  // What a turn leaves over gets the next one: readiness looks again after each drain.
  sockets.watch(socket, () => {
    for (let count = 0; count < TURN_MAX && !socket.closed; count++) {
      const message = socket.receive();
      if (message === undefined) return;
      take(message.frames);
    }
  });
  void joined.then(ambient.after(JOIN_MS, join));
  return {
    joined,
    close() {
      join();
      socket.close();
      return Promise.resolve();
    },
  };
}
