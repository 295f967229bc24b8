/**
 * The file of an ipc socket. A second process that binds the path steals it without an error (so the journal's lock comes first);
 * a clean-up can delete it. Either way clients would connect to nothing of ours: so its inode is compared now and then.
 */
import { renameSync } from "node:fs";
import { fileIdentity } from "@kloros/daemon";
import type { ZmqSocket } from "@kloros/zmq";
import { areScarce, type Descriptors, readDescriptors } from "./descriptors.ts";

const IPC = "ipc://";
/** sockaddr_un.sun_path holds 108 bytes, the last one is a zero. */
const PATH_BYTES_MAX = 107;
/** Each rebind leaves the old listener open, so that connections that go through it live on. */
const REBINDS_MAX = 100;

/** `reopened`: there are file descriptors for new clients again. */
export type SocketFileEvent = "deleted" | "stolen" | "reopened";

export class SocketFile {
  readonly endpoint: string;
  readonly #socket: ZmqSocket;
  readonly #path: string | undefined;
  #identity: string | undefined;
  readonly #descriptors: () => Descriptors;
  #rebinds = 0;
  #shut = false;

  /** Binds. Throws when the path is too long or cannot be bound. */
  constructor(socket: ZmqSocket, endpoint: string, descriptors: () => Descriptors = readDescriptors) {
    this.#socket = socket;
    this.#descriptors = descriptors;
    this.#path = endpoint.startsWith(IPC) ? endpoint.slice(IPC.length) : undefined;
    if (this.#path !== undefined && Buffer.byteLength(this.#path) > PATH_BYTES_MAX) {
      throw new RangeError(
        `socket path ${this.#path} has ${String(Buffer.byteLength(this.#path))} bytes, ` +
          `${String(PATH_BYTES_MAX)} at most: choose a shorter runtime directory`,
      );
    }
    this.endpoint = this.#bind(endpoint);
  }

  /**
   * Looks at the file; binds again when it is not ours. Says what had happened. Throws when that fails, and while nobody is let in
   * for want of file descriptors.
   */
  check(): SocketFileEvent | undefined {
    if (this.#path === undefined) return undefined;
    if (this.#wasShut(this.#path)) return "reopened";
    const now = fileIdentity(this.#path);
    if (now === this.#identity) return undefined;
    if (this.#rebinds >= REBINDS_MAX) {
      throw new Error(`socket ${this.#path} was taken away ${String(REBINDS_MAX)} times: find out by whom`);
    }
    this.#bind(this.endpoint);
    // Only what succeeded leaves a listener: a directory may be away for long.
    this.#rebinds += 1;
    return now === undefined ? "deleted" : "stolen";
  }

  /**
   * Whether clients are let in again. Throws while they are not: the file has another name meanwhile, so nobody finds it. An unbind
   * would end the sessions of those who are connected.
   */
  #wasShut(path: string): boolean {
    const now = this.#descriptors();
    const aside = `${path}.shut`;
    if (areScarce(now, this.#shut)) {
      if (!this.#shut) renameSync(path, aside);
      this.#shut = true;
      throw new Error(
        `${String(now.open)} of ${String(now.limit)} file descriptors are in use: no more clients are let in until some go; ` +
          "raise the limit (LimitNOFILE, ulimit -n)",
      );
    }
    if (!this.#shut) return false;
    this.#shut = false;
    // Without it, it is bound anew like one that was deleted.
    if (fileIdentity(aside) !== this.#identity) return false;
    renameSync(aside, path);
    return true;
  }

  /** libzmq makes the file in this thread, during the call: the umask holds for it. */
  #bind(endpoint: string): string {
    const umask = process.umask(0o077);
    try {
      const bound = this.#socket.bind(endpoint);
      this.#identity = this.#path === undefined ? undefined : fileIdentity(this.#path);
      return bound;
    } finally {
      process.umask(umask);
    }
  }
}
