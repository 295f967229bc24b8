/** The log of all cycles' output: one file, rotated, each line with its time, run and stream. */
import { join } from "node:path";
import { RotatingLog, type Clock, type Installation } from "@kloros/daemon";
import type { Config } from "../config.ts";

const MEBIBYTE = 1024 * 1024;
/** Of the last words. */
const WORDS_LINES = 3;
const WORDS_LENGTH_MAX = 600;

export function cycleLogPath(paths: Pick<Installation, "logs">): string {
  return join(paths.logs, "dream", "cycles.log");
}

type CycleLogLimits = Pick<Config, "logMebibytesMax" | "logKeep">;

export class CycleLog {
  readonly #file: RotatingLog;
  readonly #runTag: string;
  readonly #clock: Clock;
  #closed = false;
  readonly #said: { out: readonly string[]; err: readonly string[] } = { out: [], err: [] };

  /** Throws the file system's error when the file cannot be opened. */
  constructor(path: string, runTag: string, clock: Clock, limits: CycleLogLimits) {
    this.#file = new RotatingLog(path, {
      bytesMax: limits.logMebibytesMax * MEBIBYTE,
      keep: limits.logKeep,
    });
    this.#runTag = runTag;
    this.#clock = clock;
  }

  add(stream: "out" | "err" | "cycle", lines: readonly string[]): void {
    if (lines.length === 0 || this.#closed) return;
    const time = new Date(this.#clock.wallMs()).toISOString();
    this.#file.write(lines.map((line) => `${time} ${this.#runTag} ${stream} ${line}`).join("\n"));
    if (stream === "cycle") return;
    const told = lines.filter((line) => line.trim() !== "");
    this.#said[stream] = [...this.#said[stream], ...told].slice(-WORDS_LINES);
  }

  /** What it said last, on standard error rather than on standard output. */
  get lastWords(): string {
    const lines = this.#said.err.length > 0 ? this.#said.err : this.#said.out;
    return lines.join(" | ").slice(-WORDS_LENGTH_MAX);
  }

  /** Why lines are being lost; undefined: they are not. */
  get failure(): string | undefined {
    return this.#file.failure;
  }

  /** What a process that could not be ended still says goes nowhere: the descriptor may be another file's by then. */
  close(): void {
    this.#closed = true;
    this.#file.close();
  }
}
