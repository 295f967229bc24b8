/** What an evaluator writes, bounded. */

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const LINE_CHARACTERS_MAX = 1024 * 1024;
const TAIL_CHARACTERS = 4096;

/** Hands on whole lines, and the last one also without its end. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #onFlood: (reason: string) => void;
  #bytes = 0;
  #partial = "";

  constructor(onLine: (line: string) => void, onFlood: (reason: string) => void) {
    this.#onLine = onLine;
    this.#onFlood = onFlood;
  }

  /** The bound is for what is said between two of these. */
  reset(): void {
    this.#bytes = 0;
  }

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#bytes += chunk.length;
      if (this.#bytes > OUTPUT_BYTES_MAX) {
        this.#onFlood(`it wrote more than ${String(OUTPUT_BYTES_MAX / 2 ** 20)} MiB to stdout`);
        return;
      }
      this.#take(decoder.decode(chunk, { stream: true }));
    }
    if (this.#partial !== "") this.#onLine(this.#partial);
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
    if (this.#partial.length > LINE_CHARACTERS_MAX) {
      this.#onFlood(`it wrote a line of more than ${String(LINE_CHARACTERS_MAX / 2 ** 20)} MiB to stdout`);
    }
  }
}

/** Reads a stream to its end and keeps the last of it. */
export function tailOf(stream: ReadableStream<Uint8Array>): {
  readonly done: Promise<void>;
  readonly text: () => string;
  /** What came before is of no interest any more. */
  readonly reset: () => void;
} {
  let tail = "";
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_CHARACTERS);
    }
  };
  return { done: read().catch(() => undefined), text: () => tail, reset: () => void (tail = "") };
}

/** What JavaScript's runtimes write below an error: its stack, and their version. */
const BELOW_ERROR = /^(?:at .*:\d+\)?$|(?:Bun|Node\.js) v\d)/;

/** The last line that says something: of a traceback the one that says what happened. */
export function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "" && !BELOW_ERROR.test(line)) ?? "";
}
