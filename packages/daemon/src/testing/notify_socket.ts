/** A unix datagram socket as the service manager has one: for tests of what a service tells it. */
import { dlopen, FFIType } from "bun:ffi";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const MESSAGE_BYTES_MAX = 8192;

export interface NotifySocket {
  /** Everything that came so far, one line a message line: `READY=1`, `STATUS=…`. */
  readonly lines: readonly string[];
  /** Takes what waits. */
  read(): readonly string[];
  close(): void;
}

/** Binds `path` (≤ 107 bytes, not there yet). */
export function openNotifySocket(path: string): NotifySocket {
  const library = dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  });
  const libc = library.symbols;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  const length = address.write(path, 2);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0 || libc.bind(fd, address, 2 + length + 1) !== 0) throw new Error(`cannot bind ${path}`);
  const lines: string[] = [];
  const buffer = Buffer.alloc(MESSAGE_BYTES_MAX);
  return {
    lines,
    read: () => {
      for (;;) {
        const count = Number(libc.recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
        if (count <= 0) return lines;
        const text = buffer.subarray(0, count).toString("utf8");
        lines.push(...text.split("\n").filter((line) => line !== ""));
      }
    },
    close: () => {
      libc.close(fd);
      library.close();
    },
  };
}
