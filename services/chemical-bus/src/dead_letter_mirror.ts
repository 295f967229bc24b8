/**
 * `failed_signals.jsonl`: the dead letters of the journal as one JSON line each, for people and existing tools.
 *
 * The file itself says how far it got: each line carries the dead letter's number, so a mirror that was killed between
 * the append and anything else goes on behind the last whole line. Invariant: a dead letter stands in the file at most
 * once, and every one stands in it once the mirror has caught up.
 */
import type { Broker, DeadLetter } from "@kloros/journal";
import { legacyName } from "@kloros/signal-schema";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

/** Lines are looked for backwards in pieces of this size, bytes. */
const PIECE_BYTES = 64 * 1024;
/** Beyond this from the end nothing of ours is looked for (a foreign file of that size without one line of ours), bytes. */
const LOOK_BACK_BYTES = 64 * 1024 * 1024;
const PAGE = 200;

export class DeadLetterMirror {
  readonly #path: string;
  readonly #broker: Broker;
  #upTo: number | undefined;

  constructor(path: string, broker: Broker) {
    this.#path = path;
    this.#broker = broker;
  }

  /** Appends what is missing. Returns how many lines; throws the file system's error, to be tried again. */
  async catchUp(): Promise<number> {
    let written = 0;
    for (;;) {
      if (this.#upTo === this.#broker.lastDeadLetter) return written;
      written += await this.#appendPage();
    }
  }

  async #appendPage(): Promise<number> {
    const fd = openSync(this.#path, "a+", 0o600);
    try {
      this.#upTo ??= lastNumber(fd);
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
      writeSync(fd, endsWithNewline(fd) ? text : `\n${text}`);
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
export function toLine(letter: DeadLetter): Record<string, unknown> {
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

function endsWithNewline(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = new Uint8Array(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10);
}

/** Number on the last whole line of ours; 0 when there is none. */
function lastNumber(fd: number): number {
  const { size } = fstatSync(fd);
  let tail = Buffer.alloc(0);
  for (let from = size; from > 0 && size - from < LOOK_BACK_BYTES;) {
    const start = Math.max(0, from - PIECE_BYTES);
    const piece = Buffer.alloc(from - start);
    readSync(fd, piece, 0, piece.length, start);
    tail = Buffer.concat([piece, tail]);
    const found = numberIn(tail, start === 0);
    if (found !== undefined) return found;
    from = start;
  }
  return 0;
}

function numberIn(tail: Buffer, whole: boolean): number | undefined {
  const lines = tail.toString("utf8").split("\n");
  lines.pop(); // what follows the last newline is not a whole line
  if (!whole) lines.shift(); // nor is what began before this piece
  for (const line of lines.toReversed()) {
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
