/**
 * The log: JSON lines to stdout, written synchronously, so that the last words of a dying process arrive and nothing
 * depends on a worker thread (which compiled programs do not have for pino's transports).
 */
import { fstatSync, writeSync } from "node:fs";
import { pino } from "pino";
import { errorCode } from "../error_code.ts";
import { redact, redactText } from "../secret_names.ts";
import type { Logger } from "../types.ts";
import { prettyLine } from "./pretty_line.ts";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface KitLogger extends Logger {
  fatal(fields: object, message: string): void;
  /** From now on. */
  setLevel(level: LogLevel): void;
  isEnabled(level: LogLevel): boolean;
}

export interface LogOptions {
  readonly service: string;
  readonly level: LogLevel;
  readonly format: "json" | "pretty";
  /** Colours, in the pretty format. */
  readonly colour?: boolean;
  /** Each line begins with its priority, `<3>`: the journal takes it off and keeps it (sd-daemon(3)). Default: no. */
  readonly priorities?: boolean;
  /** Takes whole lines with their newline. Default: stdout, synchronously. */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): KitLogger {
  const plain = options.write ?? writeStdout;
  const write = options.priorities === true ? withPriorities(plain) : plain;
  const colour = options.colour ?? false;
  const sink =
    options.format === "json"
      ? write
      : (line: string) => {
          write(prettyLine(JSON.parse(line) as Record<string, unknown>, colour));
        };
  const logger = pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      // Errors are described by `redact`, causes and codes included.
      serializers: {},
    },
    { write: sink },
  );
  return {
    debug: (fields, message) => {
      logger.debug(fields, redactText(message));
    },
    info: (fields, message) => {
      logger.info(fields, redactText(message));
    },
    warn: (fields, message) => {
      logger.warn(fields, redactText(message));
    },
    error: (fields, message) => {
      logger.error(fields, redactText(message));
    },
    fatal: (fields, message) => {
      logger.fatal(fields, redactText(message));
    },
    isEnabled: (level) => logger.isLevelEnabled(level),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

/** syslog(3). What ends the service is critical: nobody's life hangs on it. */
const PRIORITIES: Readonly<Record<string, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/** The level is a line's first field: it is found without reading all of it. */
const LEVEL = /^\{"level":"([a-z]+)"/;

function withPriorities(write: (line: string) => void): (line: string) => void {
  return (line) => {
    const priority = PRIORITIES[LEVEL.exec(line)?.[1] ?? ""] ?? 6;
    write(`<${String(priority)}>${line}`);
  };
}

/** Whether what is written to `fd` goes to the journal: systemd says which file that is. */
export function goesToJournal(env: Readonly<Record<string, string | undefined>>, fd = 1): boolean {
  const said = env["JOURNAL_STREAM"] ?? "";
  if (said === "") return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return said === `${String(dev)}:${String(ino)}`;
  } catch {
    return false;
  }
}

const ROOM_WAIT_MS = 5;
/** A reader that takes nothing for this long loses lines rather than stopping the daemon. */
const ROOM_TRIES_MAX = 100;

/** What `writeSync` does with a descriptor; throws `EAGAIN` when a pipe is full. */
export type WriteSome = (bytes: Uint8Array, offset: number) => number;

/**
 * Writes whole texts to a descriptor that may be non-blocking and full. Waits for room only once: while a reader stands
 * still, each further text gets one try, so that the daemon (and its heartbeats) go on. A reader that is gone (EPIPE) is
 * no reason to stop. Half a line that was written before the rest was lost is ended before the next.
 */
export function createLineWriter(writeSome: WriteSome): (text: string) => void {
  let stalled = false;
  let half = false;
  return (text) => {
    const bytes = Buffer.from(half ? `\n${text}` : text);
    let done = 0;
    for (let tries = 0; done < bytes.length;) {
      try {
        done += writeSome(bytes, done);
      } catch (error) {
        tries += 1;
        const full = errorCode(error) === "EAGAIN";
        stalled ||= full && tries >= ROOM_TRIES_MAX;
        if (!full || stalled) break;
        Bun.sleepSync(ROOM_WAIT_MS);
      }
    }
    if (done === bytes.length) stalled = false;
    half = done === 0 ? half : done < bytes.length;
  };
}

export const writeStdout = createLineWriter((bytes, offset) => writeSync(1, bytes, offset));

/** `auto`: pretty on a terminal. */
export function chooseFormat(wanted: "auto" | "json" | "pretty", terminal: boolean): "json" | "pretty" {
  if (wanted !== "auto") return wanted;
  return terminal ? "pretty" : "json";
}
