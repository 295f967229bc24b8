import type { SocketOptions, SocketType, ZmqSocket } from "@kloros/zmq";

/** Where a connection gets its sockets from, and learns that they have something to say: libzmq, or a simulated network. */
export interface Sockets {
  open(type: SocketType, options: SocketOptions): ZmqSocket;
  /** Calls `drain` whenever `socket` may have input or room, until it closes. */
  watch(socket: ZmqSocket, drain: () => void): void;
}
