import { createHash } from "node:crypto";

/** Of the text in UTF-8. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/** First 16 hexadecimal digits: the short form used in evidence hashes and keys (FACTS B5, B7). */
export function shortHash(text: string): string {
  return sha256(text).toString("hex", 0, 8);
}
