/** The logs of several services as one, in the order of their times. */
import { join } from "node:path";
import { GrowingLog } from "./growing_log.ts";
import { linesBackwards } from "./lines_backwards.ts";
import { listLogs, logGenerations } from "./log_files.ts";
import { atLeast, type LogLevelName, type LogLine, readLogLine } from "./log_line.ts";

export interface LogQuery {
  readonly directory: string;
  /** Undefined: all. */
  readonly services: readonly string[] | undefined;
  readonly level: LogLevelName;
  /** UTC ms; 0: all. */
  readonly sinceMs: number;
}

const POLL_MS = 250;

export class LogReader {
  readonly #query: LogQuery;
  readonly #growing = new Map<string, GrowingLog>();

  constructor(query: LogQuery) {
    this.#query = query;
  }

  /** Oldest first. From now on `follow` knows where to go on. */
  newest(count: number): readonly LogLine[] {
    for (const [service, path] of this.#logs()) this.#growing.set(service, new GrowingLog(path, "end"));
    const all = [...this.#logs()].flatMap(([service, path]) => this.#newestOf(service, path, count));
    return inOrder(all).slice(-count || all.length);
  }

  async *follow(abort: AbortSignal): AsyncGenerator<LogLine> {
    try {
      while (!abort.aborted) {
        yield* inOrder(this.#added());
        await pause(POLL_MS, abort);
      }
    } finally {
      for (const log of this.#growing.values()) log.close();
    }
  }

  #added(): readonly LogLine[] {
    const lines: LogLine[] = [];
    for (const [service, path] of this.#logs()) {
      const log = this.#growing.get(service) ?? new GrowingLog(path, "start");
      this.#growing.set(service, log);
      for (const text of log.take()) {
        const line = readLogLine(service, text);
        if (atLeast(line, this.#query.level)) lines.push(line);
      }
    }
    return lines;
  }

  /** Oldest first. */
  #newestOf(service: string, path: string, count: number): readonly LogLine[] {
    const { level, sinceMs } = this.#query;
    const found: LogLine[] = [];
    for (const file of logGenerations(path)) {
      for (const text of linesBackwards(file)) {
        if (found.length >= count) return found.toReversed();
        const line = readLogLine(service, text);
        if (line.atMs !== undefined && line.atMs < sinceMs) return found.toReversed();
        if (atLeast(line, level)) found.push(line);
      }
    }
    return found.toReversed();
  }

  #logs(): Iterable<readonly [string, string]> {
    const { directory, services } = this.#query;
    if (services === undefined) return listLogs(directory);
    return services.map((name) => [name, join(directory, `${name}.log`)] as const);
  }
}

/** By time; a line without one stays behind the line before it. */
function inOrder(lines: readonly LogLine[]): readonly LogLine[] {
  let last = 0;
  let service = "";
  const timed = lines.map((line, index) => {
    if (line.service !== service) last = 0;
    service = line.service;
    last = line.atMs ?? last;
    return { line, at: last, index };
  });
  return timed
    .toSorted((left, right) => left.at - right.at || left.index - right.index)
    .map(({ line }) => line);
}

async function pause(ms: number, abort: AbortSignal): Promise<void> {
  if (abort.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  abort.addEventListener("abort", stop, { once: true });
  await promise;
  clearTimeout(timer);
  abort.removeEventListener("abort", stop);
}
