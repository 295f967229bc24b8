/** The record of a run: a running hash of all that happened, and the lines themselves where somebody wants to read them. */
export class Trace {
  readonly #keep: ((line: string) => void) | undefined;
  #hash = 0n;
  #lines = 0;

  constructor(keep?: (line: string) => void) {
    this.#keep = keep;
  }

  add(line: string): void {
    this.#hash = Bun.hash(line, this.#hash);
    this.#lines++;
    this.#keep?.(line);
  }

  get lines(): number {
    return this.#lines;
  }

  /** Equal when every line was. */
  get hash(): string {
    return this.#hash.toString(16).padStart(16, "0");
  }
}
