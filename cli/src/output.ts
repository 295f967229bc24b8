/**
 * Text to a file descriptor, in order, at the reader's pace: a write resolves when the kernel took all of it. The event
 * loop goes on meanwhile, so that a terminal that was stopped stops neither Ctrl-C nor the connection to the bus.
 */
import { write as writeFd } from "node:fs";

/** Whoever read our output went away (`kloros tail | head`): no error, the end. */
export class ReaderGoneError extends Error {
  override readonly name = "ReaderGoneError";
}

/** A pipe whose other end made it non-blocking is full: look again after so long. */
const FULL_WAIT_MS = 5;

export class Output {
  readonly #fd: number;
  #last: Promise<void> = Promise.resolve();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Rejects with `ReaderGoneError` when nobody reads any more, also all later ones. */
  write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const written = this.#last.then(() => this.#all(bytes));
    this.#last = written;
    // Whoever does not wait for this write learns of the failure with the next one, or at the end.
    written.catch(() => undefined);
    return written;
  }

  /** When all is written. */
  flushed(): Promise<void> {
    return this.#last;
  }

  async #all(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const count = await this.#some(bytes.subarray(done));
      if (count === 0) await Bun.sleep(FULL_WAIT_MS);
      done += count;
    }
  }

  #some(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      writeFd(this.#fd, bytes, 0, bytes.length, null, (error, count) => {
        if (error === null) resolve(count);
        else if (error.code === "EAGAIN") resolve(0);
        else if (error.code === "EPIPE") reject(new ReaderGoneError("nobody reads this output any more"));
        else reject(error);
      });
    });
  }
}
