import { openReadiness, openSocket, type Readiness } from "@kloros/zmq";
import type { Sockets } from "./sockets.ts";

let shared: Readiness | undefined;
let users = 0;

export interface BorrowedSockets {
  readonly sockets: Sockets;
  readonly release: () => Promise<void>;
}

/** libzmq's sockets, watched by the process's one readiness thread, which ends when its last user lets go of it. */
export function borrowSockets(): BorrowedSockets {
  shared ??= openReadiness();
  users++;
  const readiness = shared;
  let released = false;
  return {
    sockets: {
      open: openSocket,
      watch: (socket, drain) => {
        readiness.watch(socket, drain);
      },
    },
    async release() {
      if (released) return;
      released = true;
      if (--users > 0) return;
      shared = undefined;
      await readiness.close();
    },
  };
}
