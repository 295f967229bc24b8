import { open } from "node:fs/promises";

/** The text of a regular file, refused above `bytesMax`. */
export async function readBounded(path: string, bytesMax: number): Promise<string> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size > bytesMax) {
      throw new Error(`the file has ${String(size)} bytes, more than the ${String(bytesMax)} that are read`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
