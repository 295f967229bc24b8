/**
 * The file of an ipc socket. A second process that binds the path steals it without an error (so the journal's lock comes first);
 * a clean-up can delete it. Either way clients would connect to nothing of ours: so its inode is compared now and then.
 */
import { statSync } from "node:fs";
import type { ZmqSocket } from "@kloros/zmq";

const IPC = "ipc://";
/** sockaddr_un.sun_path holds 108 bytes, the last one is a zero. */
const PATH_BYTES_MAX = 107;
/** Each rebind leaves the old listener open, so that connections that go through it live on. */
const REBINDS_MAX = 100;

export type SocketFileEvent = "deleted" | "stolen";

export class SocketFile {
  readonly endpoint: string;
  readonly #socket: ZmqSocket;
  readonly #path: string | undefined;
  #identity: string | undefined;
  #rebinds = 0;

  /** Binds. Throws when the path is too long or cannot be bound. */
  constructor(socket: ZmqSocket, endpoint: string) {
    this.#socket = socket;
    this.#path = endpoint.startsWith(IPC) ? endpoint.slice(IPC.length) : undefined;
    if (this.#path !== undefined && Buffer.byteLength(this.#path) > PATH_BYTES_MAX) {
      throw new RangeError(
        `socket path ${this.#path} has ${String(Buffer.byteLength(this.#path))} bytes, ` +
          `${String(PATH_BYTES_MAX)} at most: choose a shorter runtime directory`,
      );
    }
    this.endpoint = this.#bind(endpoint);
  }

  /** Looks at the file; binds again when it is not ours. Says what had happened. Throws when that fails. */
  check(): SocketFileEvent | undefined {
    if (this.#path === undefined) return undefined;
    const now = identityOf(this.#path);
    if (now === this.#identity) return undefined;
    if (this.#rebinds >= REBINDS_MAX) {
      throw new Error(`socket ${this.#path} was taken away ${String(REBINDS_MAX)} times: find out by whom`);
    }
    this.#bind(this.endpoint);
    // Only what succeeded leaves a listener: a directory may be away for long.
    this.#rebinds += 1;
    return now === undefined ? "deleted" : "stolen";
  }

  /** libzmq makes the file in this thread, during the call: the umask holds for it. */
  #bind(endpoint: string): string {
    const umask = process.umask(0o077);
    try {
      const bound = this.#socket.bind(endpoint);
      this.#identity = this.#path === undefined ? undefined : identityOf(this.#path);
      return bound;
    } finally {
      process.umask(umask);
    }
  }
}

function identityOf(path: string): string | undefined {
  try {
    // Inode numbers are used again at once; the birth time tells two of them apart where the file system knows it.
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${String(dev)}:${String(ino)}:${String(birthtimeMs)}`;
  } catch {
    return undefined;
  }
}
