import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** The text of a regular file, refused above `bytesMax`. A pipe is not waited for. */
export async function readBounded(path: string, bytesMax: number): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error("it is no regular file");
    const { size } = status;
    if (size > bytesMax) {
      throw new Error(`the file has ${String(size)} bytes, more than the ${String(bytesMax)} that are read`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
