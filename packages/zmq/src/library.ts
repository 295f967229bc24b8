/**
 * libzmq's C functions, and the few of libc that readiness needs, bound once per thread.
 *
 * libc comes through the same handle: `dlsym` looks in a library's dependencies too, so that glibc and musl
 * need no names of their own here.
 */
import { dlopen } from "bun:ffi";
import type * as LibraryFile from "./library_file.ts";
import { linkLibrary } from "./link_library.ts";

const symbols = {
  zmq_errno: { args: [], returns: "i32" },
  zmq_strerror: { args: ["i32"], returns: "ptr" },
  zmq_version: { args: ["ptr", "ptr", "ptr"], returns: "void" },
  zmq_ctx_new: { args: [], returns: "ptr" },
  zmq_ctx_term: { args: ["ptr"], returns: "i32" },
  zmq_socket: { args: ["ptr", "i32"], returns: "ptr" },
  zmq_close: { args: ["ptr"], returns: "i32" },
  zmq_setsockopt: { args: ["ptr", "i32", "ptr", "usize"], returns: "i32" },
  zmq_getsockopt: { args: ["ptr", "i32", "ptr", "ptr"], returns: "i32" },
  zmq_bind: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_unbind: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_connect: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_disconnect: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_send: { args: ["ptr", "ptr", "usize", "i32"], returns: "i32" },
  zmq_msg_init: { args: ["ptr"], returns: "i32" },
  zmq_msg_recv: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  zmq_msg_data: { args: ["ptr"], returns: "ptr" },
  zmq_msg_more: { args: ["ptr"], returns: "i32" },
  zmq_msg_gets: { args: ["ptr", "ptr"], returns: "ptr" },
  zmq_poll: { args: ["ptr", "i32", "i64"], returns: "i32" },
  zmq_socket_monitor: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  zmq_curve_keypair: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_curve_public: { args: ["ptr", "ptr"], returns: "i32" },
  memcpy: { args: ["ptr", "ptr", "usize"], returns: "void" },
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  eventfd: { args: ["u32", "i32"], returns: "i32" },
  write: { args: ["i32", "ptr", "usize"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;

/** Throws an Error that says what to do when the library is missing or cannot be loaded. */
function open(path: string) {
  try {
    return dlopen(path, symbols).symbols;
  } catch (cause) {
    throw new Error(
      `cannot load libzmq from ${path}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `It needs the C++ runtime (Debian: libstdc++6, Alpine: libstdc++) and a temporary directory that allows execution.`,
      { cause },
    );
  }
}

export type Library = ReturnType<typeof open>;

/** Address of a context or socket of libzmq, as bun:ffi gives it. */
export type Handle = NonNullable<ReturnType<Library["zmq_socket"]>>;

let opened: { readonly path: string; readonly functions: Library } | undefined;

function load(): { readonly path: string; readonly functions: Library } {
  if (opened !== undefined) return opened;
  const path = findLibrary();
  opened = { path, functions: open(path) };
  return opened;
}

/** Opened at first use, not at import: `--help` and the like do not pay for it. */
export function library(): Library {
  return load().functions;
}

/** For another thread of this process, which has to bind for itself. */
export function libraryPath(): string {
  return load().path;
}

/**
 * A compiled program always has the file. From source it is made by the set-up; when someone skipped that,
 * it is made now. `require`, because a static import of a missing file could not be caught.
 */
function findLibrary(): string {
  try {
    return (require("./library_file.ts") as typeof LibraryFile).libraryFile;
  } catch {
    return linkLibrary().path;
  }
}
