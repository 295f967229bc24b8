import { dlopen, FFIType } from "bun:ffi";

const CLOCK_MONOTONIC = 1;

/**
 * The kernel's monotonic clock in µs, which other processes read the same; Bun's own clocks count from the start of the process.
 * Undefined where the C library is another.
 */
export function monotonicMicroseconds(): bigint | undefined {
  try {
    const libc = dlopen("libc.so.6", {
      clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    });
    const time = new BigInt64Array(2);
    const failed = libc.symbols.clock_gettime(CLOCK_MONOTONIC, time) !== 0;
    libc.close();
    const [seconds = 0n, nanoseconds = 0n] = time;
    return failed ? undefined : seconds * 1_000_000n + nanoseconds / 1000n;
  } catch {
    return undefined;
  }
}
