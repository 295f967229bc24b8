/**
 * `failed_signals.jsonl`: the dead letters of the journal as one JSON line each, for people and existing tools.
 *
 * The file itself says how far it got: each line carries the dead letter's number, so a mirror that was killed between
 * the append and anything else goes on behind the last whole line. Invariant: a dead letter stands in the file at most
 * once, and every one stands in it once the mirror has caught up. A file that has grown large becomes `.1` and a new one is
 * begun; `.1` then says how far it got until the new one does.
 */
import type { Broker, DeadLetter } from "@kloros/journal";
import { legacyName } from "@kloros/signal-schema";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncDirectory } from "@kloros/daemon";

/** Lines are looked for backwards in pieces of this size, bytes. */
const PIECE_BYTES = 64 * 1024;
/** Beyond this from the end nothing of ours is looked for (a foreign file of that size without one line of ours), bytes. */
const LOOK_BACK_BYTES = 64 * 1024 * 1024;
const PAGE = 200;
/** Beyond it a file is set aside, bytes; one page (about 1 MiB) may stand above it. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Files set aside that are kept: together with the current one about 64 MiB. */
const KEPT_MAX = 3;
const NEWLINE = 10;

export class DeadLetterMirror {
  readonly #path: string;
  readonly #broker: Broker;
  readonly #bytesMax: number;
  #upTo: number | undefined;

  constructor(path: string, broker: Broker, options: { readonly bytesMax?: number } = {}) {
    this.#path = path;
    this.#broker = broker;
    this.#bytesMax = options.bytesMax ?? FILE_BYTES_MAX;
    // Before anybody adds to it: a journal that was restored from a backup counts from where it was then.
    this.#upTo = this.#positionAtStart();
  }

  /** Appends what is missing. Returns how many lines; throws the file system's error, to be tried again. */
  async catchUp(): Promise<number> {
    let written = 0;
    for (;;) {
      const last = this.#broker.lastDeadLetter;
      if (this.#upTo !== undefined && this.#upTo >= last && existsSync(this.#path)) return written;
      written += await this.#appendPage();
    }
  }

  /** Undefined: it cannot be read now, which keeps no bus from starting. */
  #positionAtStart(): number | undefined {
    try {
      return Math.min(this.#position(), this.#broker.lastDeadLetter);
    } catch {
      return undefined;
    }
  }

  #position(): number {
    return positionIn(this.#path) ?? positionIn(`${this.#path}.1`) ?? 0;
  }

  async #appendPage(): Promise<number> {
    // Before it is set aside: the position is in it.
    this.#upTo ??= this.#position();
    setAsideWhenLarge(this.#path, this.#bytesMax);
    const fd = openSync(this.#path, "a+", 0o600);
    try {
      const letters = await this.#broker.admin("deadLetters", {
        after: this.#upTo,
        limit: PAGE,
        includeRetried: true,
      });
      const text = letters.map((letter) => `${JSON.stringify(toLine(letter))}\n`).join("");
      if (text === "") {
        this.#upTo = this.#broker.lastDeadLetter;
        return 0;
      }
      writeAll(fd, endsWithNewline(fd) ? text : `\n${text}`);
      fsyncSync(fd);
      this.#upTo = letters.at(-1)?.n ?? this.#upTo;
      return letters.length;
    } catch (error) {
      // A half-written page: the file says what stands in it.
      this.#upTo = undefined;
      throw error;
    } finally {
      closeSync(fd);
    }
  }
}

/** The shape that existing readers know (`signal` or `intent_file`, error, timestamp, daemon), and what this design adds. */
function toLine(letter: DeadLetter): Record<string, unknown> {
  const what =
    typeof letter.signal === "string"
      ? { ...letter.fields, content: letter.signal }
      : { signal: letter.signal };
  return {
    ...what,
    error: letter.error,
    timestamp: new Date(letter.deadAt).toISOString(),
    daemon: legacyName(letter.consumer.split("/")[0] ?? letter.consumer),
    id: letter.id,
    reason: letter.reason,
    attempts: letter.attempts,
    dead_letter: letter.n,
  };
}

/** A disk that is nearly full takes a part without an error: the rest fails, or fits. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function endsWithNewline(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = new Uint8Array(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === NEWLINE);
}

/** By renaming, so that who reads it now reads on; the oldest of those kept goes. */
function setAsideWhenLarge(path: string, bytesMax: number): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < bytesMax) return;
  for (let n = KEPT_MAX; n > 0; n--) {
    const from = n === 1 ? path : `${path}.${n - 1}`;
    if (existsSync(from)) renameSync(from, `${path}.${n}`);
  }
  syncDirectory(dirname(path));
}

/** How far the file at `path` got; undefined: it does not say, or is not there. */
function positionIn(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, "r");
  try {
    return lastNumber(fd);
  } finally {
    closeSync(fd);
  }
}

/** Number on the last whole line of ours; undefined when there is none. Each piece is looked at once. */
function lastNumber(fd: number): number | undefined {
  const { size } = fstatSync(fd);
  // What follows the last newline is not a whole line.
  let rest: Buffer | undefined;
  for (let end = size; end > 0 && size - end < LOOK_BACK_BYTES;) {
    const start = Math.max(0, end - PIECE_BYTES);
    const piece = Buffer.alloc(end - start);
    readSync(fd, piece, 0, piece.length, start);
    end = start;
    const cut = rest === undefined ? piece.lastIndexOf(NEWLINE) : piece.length;
    if (cut === -1) continue;
    const text = Buffer.concat([piece.subarray(0, cut), rest ?? Buffer.alloc(0)]);
    // The line that began before this piece waits for the next one.
    const from = start === 0 ? 0 : text.indexOf(NEWLINE) + 1;
    if (start > 0 && from === 0) {
      rest = text;
      continue;
    }
    const found = numberIn(text.subarray(from));
    if (found !== undefined) return found;
    rest = text.subarray(0, Math.max(0, from - 1));
  }
  return undefined;
}

function numberIn(lines: Buffer): number | undefined {
  for (const line of lines.toString("utf8").split("\n").toReversed()) {
    const n = parseNumber(line);
    if (n !== undefined) return n;
  }
  return undefined;
}

function parseNumber(line: string): number | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const n =
      typeof value === "object" && value !== null && "dead_letter" in value ? value.dead_letter : undefined;
    return typeof n === "number" ? n : undefined;
  } catch {
    return undefined;
  }
}
