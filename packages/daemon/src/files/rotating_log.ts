/**
 * A log file that stays bounded: when it reaches its size it becomes `<path>.1`, the one before `<path>.2`, and the
 * oldest goes. Written synchronously: what a service said before it died is there.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../message_of.ts";

export interface RotatingLogOptions {
  /** Of one file, bytes. */
  readonly bytesMax: number;
  /** Old files beside the current one. */
  readonly keep: number;
}

const LOG_LIMITS: RotatingLogOptions = { bytesMax: 8 * 1024 * 1024, keep: 3 };

export class RotatingLog {
  readonly path: string;
  readonly #options: RotatingLogOptions;
  #fd: number;
  #bytes: number;
  #failure: string | undefined;

  /** Throws the file system's error when the file cannot be opened. */
  constructor(path: string, options: RotatingLogOptions = LOG_LIMITS) {
    this.path = path;
    this.#options = options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Why lines are being lost (a full disk); undefined: they are not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Adds a line; its newline is added here. A log that cannot be written stops nothing. */
  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.bytesMax) this.#rotate();
      this.#bytes += writeSync(this.#fd, bytes);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    const { keep } = this.#options;
    rmSync(`${this.path}.${keep}`, { force: true });
    for (let n = keep - 1; n >= 1; n--) this.#rename(`${this.path}.${n}`, `${this.path}.${n + 1}`);
    if (keep > 0) this.#rename(this.path, `${this.path}.1`);
    else rmSync(this.path, { force: true });
    closeSync(this.#fd);
    this.#fd = openSync(this.path, "a", 0o600);
    this.#bytes = 0;
  }

  #rename(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch {
      // Not there yet.
    }
  }
}
