import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * The content of a regular file of `bytesMax` at most, as far as it reached when it was opened: one that grows meanwhile is not
 * followed. A pipe in its place is not waited for. Throws the file system's error, or what is wrong with the file.
 */
export async function readBounded(path: string, bytesMax: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error("it is no regular file");
    const { size } = status;
    if (size > bytesMax) {
      throw new Error(`the file has ${String(size)} bytes, more than the ${String(bytesMax)} that are read`);
    }
    const buffer = Buffer.alloc(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(buffer, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  } finally {
    await handle.close();
  }
}
