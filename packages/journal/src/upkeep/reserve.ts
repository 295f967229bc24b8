/**
 * Room on the disk: a reserve file that is given up when it is full, and a threshold below which publishers wait.
 * Acknowledgements and retention then have the room that they need to go on.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  rmSync,
  statSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface RoomLimits {
  /** Size of the reserve file, bytes; 0: none. */
  readonly reserveBytes: number;
  /** With less free than this, publishes are answered busy, bytes; 0: only when nothing fits any more. */
  readonly freeBytesMin: number;
}

/** Written at once, so that the file has its blocks, bytes. */
const PIECE_BYTES = 1024 * 1024;

function reservePathOf(journal: string): string {
  return `${journal.replace(/\.db$/, "")}.reserve`;
}

export class Room {
  readonly #path: string;
  readonly #limits: RoomLimits;
  readonly #freeBytes: () => number | undefined;
  #tight = false;

  constructor(
    journal: string,
    limits: RoomLimits,
    freeBytes: () => number | undefined = () => freeIn(dirname(journal)),
  ) {
    this.#path = reservePathOf(journal);
    this.#limits = limits;
    this.#freeBytes = freeBytes;
    this.look();
  }

  /** Publishers wait. */
  get tight(): boolean {
    return this.#tight;
  }

  /** Call about once a second. */
  look(): void {
    const { reserveBytes, freeBytesMin } = this.#limits;
    if (reserveBytes === 0 && freeBytesMin === 0) return;
    const free = this.#freeBytes();
    if (free === undefined) return;
    const missing = reserveBytes - (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0);
    if (missing <= 0) this.#tight = free < freeBytesMin;
    else if (free >= freeBytesMin + 2 * reserveBytes) this.#tight = !this.#make();
    else this.#tight = true;
  }

  /** A transaction found no room: there is some now. False: there was nothing to give up. */
  release(): boolean {
    if (this.#limits.reserveBytes === 0) return false;
    this.#tight = true;
    const had = existsSync(this.#path);
    rmSync(this.#path, { force: true });
    return had;
  }

  #make(): boolean {
    const { reserveBytes } = this.#limits;
    let fd: number | undefined;
    try {
      fd = openSync(this.#path, "w", 0o600);
      const zeros = Buffer.alloc(Math.min(PIECE_BYTES, reserveBytes));
      for (let at = 0; at < reserveBytes;)
        at += writeSync(fd, zeros, 0, Math.min(zeros.length, reserveBytes - at));
      fdatasyncSync(fd);
      return true;
    } catch {
      // No room, no inode, no descriptor.
      if (fd !== undefined) rmSync(this.#path, { force: true });
      return false;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

/** Undefined: the file system does not say. */
function freeIn(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
