/** What is added to one log, through its rotations. */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const PIECE_BYTES = 256 * 1024;
/** A line longer than this is cut. */
const LINE_BYTES_MAX = 4 * 1024 * 1024;

export class GrowingLog {
  readonly #path: string;
  #fd: number | undefined;
  #inode = 0;
  #at = 0;
  #rest = Buffer.alloc(0);

  /** Begins at the end of what is there, or at the beginning of a log that comes later. */
  constructor(path: string, from: "end" | "start") {
    this.#path = path;
    if (this.#open() && from === "end" && this.#fd !== undefined) this.#at = fstatSync(this.#fd).size;
  }

  /** Whole lines since the last call. */
  *take(): Generator<string> {
    yield* this.#readOn();
    const now = statSync(this.#path, { throwIfNoEntry: false })?.ino;
    if (now === undefined || now === this.#inode) return;
    // Rotated: what came to the old file since it was read above comes first, and nothing comes to it any more.
    yield* this.#readOn();
    this.close();
    if (this.#open()) yield* this.#readOn();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): boolean {
    try {
      this.#fd = openSync(this.#path, "r");
    } catch {
      return false;
    }
    this.#inode = fstatSync(this.#fd).ino;
    this.#at = 0;
    this.#rest = Buffer.alloc(0);
    return true;
  }

  *#readOn(): Generator<string> {
    if (this.#fd === undefined) return;
    const piece = Buffer.alloc(PIECE_BYTES);
    for (;;) {
      const count = readSync(this.#fd, piece, 0, piece.length, this.#at);
      if (count === 0) return;
      this.#at += count;
      let held = Buffer.concat([this.#rest, piece.subarray(0, count)]);
      for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
        if (end > 0) yield held.toString("utf8", 0, end);
        held = held.subarray(end + 1);
      }
      this.#rest = held.length > LINE_BYTES_MAX ? Buffer.alloc(0) : Buffer.from(held);
    }
  }
}
