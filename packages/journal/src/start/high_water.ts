/**
 * The high-water mark: a small file beside the journal that says how far it has got, written after each commit and
 * before anything is answered.
 *
 * It reveals at the next start that acknowledged transactions are missing: a flipped byte in SQLite's write-ahead log
 * silently cuts off everything behind it. Invariant: the mark never claims more than the journal's last returned (and
 * so synced) commit; a journal that is behind its mark has lost something.
 *
 * It is written without a sync of its own. Of a process that dies, the kernel keeps what it wrote: the mark is exact.
 * After a loss of power it may be as old as `sync()` lets it be, so a cut within those last moments goes unseen.
 */
import { closeSync, constants, fdatasync, openSync, readFileSync, readSync, writeSync } from "node:fs";

export interface Mark {
  /** Transactions that wrote something, ever. */
  readonly commit: number;
  /** Sequence number of the newest signal. */
  readonly seq: number;
  readonly epoch: number;
}

/** Two slots in turn: a torn write of one leaves the other. Bytes. */
const SLOT_BYTES = 128;
const SLOTS = 2;

export function markPathOf(journal: string): string {
  return `${journal.replace(/\.db$/, "")}.hwm`;
}

/** The newest whole slot; undefined: there is none, so nothing can be said. */
export function readMark(path: string): Mark | undefined {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return newest(text);
}

function newest(text: string): Mark | undefined {
  const marks = Array.from({ length: SLOTS }, (_, slot) =>
    parse(text.slice(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)),
  );
  return marks.reduce((a, b) => (a === undefined || (b !== undefined && b.commit > a.commit) ? b : a));
}

function parse(slot: string): Mark | undefined {
  const [, said = "", sum = ""] =
    /^(kloros-mark \d{1,15} \d{1,15} \d{1,15}) ([0-9a-f]{8})\s*$/.exec(slot) ?? [];
  if (said === "" || crc(said) !== sum) return undefined;
  const [commit = 0, seq = 0, epoch = 0] = said.split(" ").slice(1).map(Number);
  return { commit, seq, epoch };
}

function format({ commit, seq, epoch }: Mark): string {
  const said = `kloros-mark ${commit} ${seq} ${epoch}`;
  return `${`${said} ${crc(said)}`.padEnd(SLOT_BYTES - 1)}\n`;
}

function crc(text: string): string {
  return Bun.hash.crc32(text).toString(16).padStart(8, "0");
}

/** What is missing from a journal that says `found`; undefined: nothing. */
export function missingSince(mark: Mark | undefined, found: Mark): string | undefined {
  if (
    mark === undefined ||
    (found.commit >= mark.commit && found.seq >= mark.seq && found.epoch >= mark.epoch)
  )
    return undefined;
  const commits = mark.commit - found.commit;
  const signals = mark.seq - found.seq;
  const parts = [
    ...(signals > 0 ? [`signals ${found.seq + 1} to ${mark.seq}`] : []),
    ...(commits > 0 ? [`${commits} transactions`] : []),
    ...(mark.epoch > found.epoch ? [`${mark.epoch - found.epoch} starts`] : []),
  ];
  return `${parts.join(", ")} that were acknowledged are missing`;
}

/** The mark of a running bus: one file, kept open. */
export class HighWater {
  readonly #fd: number;
  #slot: number;
  #dirty = false;
  #syncing = false;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const old = Buffer.alloc(SLOT_BYTES * SLOTS);
    // What is read, and no more: a slot whose padding was cut off still counts, as it does to `readMark`.
    const text = old.toString("latin1", 0, readSync(this.#fd, old, 0, old.length, 0));
    // Never over the newest.
    const first = parse(text.slice(0, SLOT_BYTES));
    this.#slot = first !== undefined && newest(text)?.commit === first.commit ? 1 : 0;
  }

  /** In place, so a full disk does not matter. Throws the file system's error. */
  write(mark: Mark): void {
    writeSync(this.#fd, format(mark), this.#slot * SLOT_BYTES, "latin1");
    this.#slot = (this.#slot + 1) % SLOTS;
    this.#dirty = true;
  }

  /** Brings it to the disk in the background; call now and then. */
  sync(): void {
    if (!this.#dirty || this.#syncing) return;
    this.#dirty = false;
    this.#syncing = true;
    fdatasync(this.#fd, () => (this.#syncing = false));
  }

  close(): void {
    closeSync(this.#fd);
  }
}
