/** Reads a file's lines from an offset with bounded memory. */
import { fstatSync, readSync } from "node:fs";

export interface ScannedLine {
  /** Offset of its first byte. */
  readonly start: number;
  /** Without the newline, bytes. */
  readonly length: number;
  /** The first `keepBytes` of it. */
  readonly bytes: Uint8Array;
  /** False for what stands behind the last newline. */
  readonly terminated: boolean;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Yields each line from `offset` on, with at most `keepBytes` of its content; the rest of a longer line is skipped. */
export function* scanLines(fd: number, offset: number, keepBytes: number): Generator<ScannedLine> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let start = offset;
  let position = offset;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  for (;;) {
    const count = readSync(fd, chunk, 0, chunk.length, position);
    if (count === 0) break;
    let from = 0;
    while (from < count) {
      const newline = chunk.subarray(0, count).indexOf(NEWLINE, from);
      const to = newline === -1 ? count : newline;
      const piece = chunk.subarray(from, Math.min(to, from + keepBytes - keptBytes));
      if (piece.length > 0) kept.push(Uint8Array.from(piece));
      keptBytes += piece.length;
      if (newline === -1) break;
      const end = position + newline;
      yield { start, length: end - start, bytes: Buffer.concat(kept), terminated: true };
      start = end + 1;
      from = newline + 1;
      kept = [];
      keptBytes = 0;
    }
    position += count;
  }
  if (position > start) {
    yield { start, length: position - start, bytes: Buffer.concat(kept), terminated: false };
  }
}

export function endsWithNewline(fd: number): boolean {
  return beginsLine(fd, fstatSync(fd).size);
}

/** Whether a line begins at `offset`: a loss of power may leave zeros in front of what was written behind somebody else's line. */
export function beginsLine(fd: number, offset: number): boolean {
  if (offset === 0) return true;
  const before = Buffer.alloc(1);
  readSync(fd, before, 0, 1, offset - 1);
  return before[0] === NEWLINE;
}
