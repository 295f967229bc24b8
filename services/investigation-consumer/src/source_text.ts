/** Reads one Python file as text. */
import { open } from "node:fs/promises";
import { messageOf } from "@kloros/daemon";
import { unlessShortage } from "./shortage.ts";

export type SourceText =
  | { readonly ok: true; readonly text: string; readonly bytes: number }
  | { readonly ok: false; readonly problem: string };

/** PEP 263: an encoding other than UTF-8 is declared in one of the first two lines. */
const DECLARED = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/;

/** Throws when the machine has too little to look at it now. */
export async function readSource(path: string, options: { readonly bytesMax: number }): Promise<SourceText> {
  try {
    const bytes = await readAtMost(path, options.bytesMax);
    if (bytes === null) return { ok: false, problem: `larger than ${options.bytesMax} bytes` };
    return decode(bytes);
  } catch (error) {
    return { ok: false, problem: messageOf(unlessShortage(error)) };
  }
}

/** Null when there is more: the size that was listed may have changed since. */
async function readAtMost(path: string, bytesMax: number): Promise<Uint8Array | null> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size > bytesMax) return null;
    const buffer = new Uint8Array(size);
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

function decode(bytes: Uint8Array): SourceText {
  const utf8 = decodeAs("utf-8", bytes);
  if (utf8 !== null) return { ok: true, text: utf8, bytes: bytes.length };
  const encoding = declaredEncoding(bytes);
  if (encoding === null) return { ok: false, problem: "not UTF-8, and no other encoding is declared" };
  const text = decodeAs(encoding, bytes);
  return text === null
    ? { ok: false, problem: `not UTF-8, nor the declared encoding ${encoding}` }
    : { ok: true, text, bytes: bytes.length };
}

function declaredEncoding(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, 500)).toString("latin1").split("\n", 2);
  const name = start.map((line) => DECLARED.exec(line)?.[1]).find((found) => found !== undefined);
  // Python's names that the decoder knows under another.
  return name === undefined
    ? null
    : name
        .toLowerCase()
        .replace(/^latin[-_]?1$/, "iso-8859-1")
        .replaceAll("_", "-");
}

/** Null when the bytes are not in that encoding, or the encoding is not known. A byte order mark is dropped. */
function decodeAs(encoding: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding as "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
