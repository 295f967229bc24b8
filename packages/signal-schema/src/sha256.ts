/** Of the text in UTF-8. Bun's own one-shot hash: a quarter of the time of `node:crypto`'s objects. */
export function sha256(text: string): Uint8Array {
  const digest = new Uint8Array(32);
  Bun.SHA256.hash(text, digest);
  return digest;
}

/** First 16 hexadecimal digits: the short form used in evidence hashes and keys (FACTS B5, B7). */
export function shortHash(text: string): string {
  return sha256(text).subarray(0, 8).toHex();
}
