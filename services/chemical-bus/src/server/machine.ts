/** What the server touches of the machine. Real by default; a simulation brings its own. */
import { openSocket, type SocketOptions, type SocketType, type ZmqSocket } from "@kloros/zmq";
import { isAlive, markProcess, type ProcessMark } from "./peer.ts";
import { SocketFile, type SocketFileEvent } from "./socket_file.ts";

export interface ServerMachine {
  readonly uid: number;
  open(type: SocketType, options: SocketOptions): ZmqSocket;
  /** Binds. Throws when it cannot. */
  bind(socket: ZmqSocket, endpoint: string): BoundEndpoint;
  markProcess(pid: number): ProcessMark;
  isAlive(mark: ProcessMark): boolean;
  /** Never the same twice. */
  newId(): string;
  /** Monotonic, ms. */
  nowMs(): number;
  pause(ms: number): Promise<void>;
}

export interface BoundEndpoint {
  /** As bound: a port 0 has become a number. */
  readonly endpoint: string;
  /** Binds again when the socket's file is not ours any more, and says what had happened. Throws when that fails. */
  check(): SocketFileEvent | undefined;
}

export const realMachine: ServerMachine = {
  uid: process.getuid?.() ?? 0,
  open: openSocket,
  bind: (socket, endpoint) => new SocketFile(socket, endpoint),
  markProcess,
  isAlive,
  newId: () => crypto.randomUUID(),
  nowMs: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
