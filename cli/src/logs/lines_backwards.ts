/** The lines of a file from its end to its beginning, held in pieces: a log may have megabytes. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 10;

/** Without empty lines. A last line without its newline is still being written: it is left out. */
export function* linesBackwards(path: string): Generator<string> {
  const fd = openSync(path, "r");
  try {
    let at = fstatSync(fd).size;
    // Bytes behind `at` that belong to a line which began before it.
    let rest = Buffer.alloc(0);
    let ended = false;
    while (at > 0) {
      const from = Math.max(0, at - PIECE_BYTES);
      const piece = Buffer.alloc(at - from);
      readSync(fd, piece, 0, piece.length, from);
      at = from;
      let held = Buffer.concat([piece, rest]);
      for (let end = held.lastIndexOf(NEWLINE); end >= 0; end = held.lastIndexOf(NEWLINE)) {
        if (ended && end + 1 < held.length) yield held.toString("utf8", end + 1);
        ended = true;
        held = held.subarray(0, end);
      }
      rest = held;
    }
    if (ended && rest.length > 0) yield rest.toString("utf8");
  } finally {
    closeSync(fd);
  }
}
