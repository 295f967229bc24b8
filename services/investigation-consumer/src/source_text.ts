/** Reads one Python file as text. */
import { messageOf, readBounded } from "@kloros/daemon";
import { unlessShortage } from "./shortage.ts";

export type SourceText =
  | { readonly ok: true; readonly text: string; readonly bytes: number }
  | { readonly ok: false; readonly problem: string };

/** PEP 263: an encoding other than UTF-8 is declared in one of the first two lines. */
const DECLARED = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/;

/** Throws when the machine has too little to look at it now. */
export async function readSource(path: string, options: { readonly bytesMax: number }): Promise<SourceText> {
  try {
    return decode(await readBounded(path, options.bytesMax));
  } catch (error) {
    return { ok: false, problem: messageOf(unlessShortage(error)) };
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
