/** libzmq's errors, translated once: a code by name, what was attempted, and what to do about it. */
import { CString } from "bun:ffi";
import { constants } from "node:os";
import { library } from "./library.ts";

/** libzmq's own numbers (ZMQ_HAUSNUMERO = 156384712 and up), zmq.h. */
const OWN_CODES: Readonly<Record<number, string>> = {
  156384763: "EFSM",
  156384764: "ENOCOMPATPROTO",
  156384765: "ETERM",
  156384766: "EMTHREAD",
};

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there: stop it, or choose another endpoint",
  EADDRNOTAVAIL: "this machine has no such address: check the host part of the endpoint",
  EACCES: "permission denied: check the directory's owner and mode, or use a port above 1023",
  ENOENT: "no such file or directory: create the directory of the ipc path, or bind before unbinding",
  ENAMETOOLONG: "an ipc path may have 107 bytes: choose a shorter directory",
  EINVAL:
    "libzmq does not accept this value: endpoints look like ipc:///dir/name.sock or tcp://127.0.0.1:7777",
  EPROTONOSUPPORT: "unknown transport: use ipc, tcp or inproc",
  EMFILE: "too many open files or sockets: raise LimitNOFILE, or close sockets",
  ENOTSOCK: "the socket is closed",
  ETERM: "the context was closed",
  EROFS: "the file system is read-only: choose another directory",
};

export class ZmqError extends Error {
  override readonly name = "ZmqError";
  /** Name of the error such as EADDRINUSE. */
  readonly code: string;
  readonly errno: number;
  /** What was attempted: bind, connect, send … */
  readonly operation: string;
  /** Endpoint or value it was attempted with, "" when there is none. */
  readonly endpoint: string;

  constructor(operation: string, endpoint: string, errno: number, text: string) {
    const code = codeOf(errno);
    const advice = ADVICE[code];
    const subject = endpoint === "" ? operation : `${operation} ${endpoint}`;
    super(`zmq ${subject}: ${code} (${text})${advice === undefined ? "" : `; ${advice}`}`);
    this.code = code;
    this.errno = errno;
    this.operation = operation;
    this.endpoint = endpoint;
  }
}

/** The error of the libzmq call that failed just now on this thread. */
export function lastError(operation: string, endpoint = ""): ZmqError {
  const errno = library().zmq_errno();
  const text = library().zmq_strerror(errno);
  return new ZmqError(operation, endpoint, errno, text === null ? "unknown" : new CString(text));
}

function codeOf(errno: number): string {
  const own = OWN_CODES[errno];
  if (own !== undefined) return own;
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `E${errno}`;
}
