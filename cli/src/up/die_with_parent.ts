/**
 * Services of an `up` that is killed (SIGKILL, out of memory) must not live on.
 *
 * The kernel sees to it: with `PR_SET_PDEATHSIG` a process is sent a signal when its parent dies, however it dies. The
 * signal is SIGKILL, not SIGTERM: it needs nobody's cooperation, and every service is made to be killed at any moment.
 * Asked for by the variable below, so that one file serves `bun --preload` and the compiled program; without it
 * nothing happens.
 */
import { dlopen, FFIType } from "bun:ffi";

/** Holds the pid of the parent that asks for it. */
export const PARENT_VARIABLE = "KLOROS_UP_PID";

/** prctl(2). */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
/** glibc, then musl. */
const LIBRARIES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

const parent = process.env[PARENT_VARIABLE];
if (parent !== undefined) {
  // Not for the children of this process: their parent is another.
  delete process.env[PARENT_VARIABLE];
  dieWith(Number(parent));
}

function dieWith(parentPid: number): void {
  const libc = openLibc();
  libc.symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // It died before the kernel was told.
  if (libc.symbols.getppid() !== parentPid) process.kill(process.pid, "SIGKILL");
}

function openLibc() {
  const { i32, u64 } = FFIType;
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, {
        prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
        getppid: { args: [], returns: i32 },
      });
    } catch {
      // The other C library, then.
    }
  }
  throw new Error(`cannot load the C library (tried ${LIBRARIES.join(", ")}): is this Linux?`);
}
