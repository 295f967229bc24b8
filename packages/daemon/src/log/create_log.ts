/**
 * The log: JSON lines to stdout, written synchronously, so that the last words of a dying process arrive and nothing
 * depends on a worker thread (which compiled programs do not have for pino's transports).
 */
import { writeSync } from "node:fs";
import { pino } from "pino";
import { errorCode } from "../error_code.ts";
import { redact } from "../secret_names.ts";
import type { Logger } from "../types.ts";
import { prettyLine } from "./pretty_line.ts";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface KitLogger extends Logger {
  fatal(fields: object, message: string): void;
  isEnabled(level: LogLevel): boolean;
}

export interface LogOptions {
  readonly service: string;
  readonly level: LogLevel;
  readonly format: "json" | "pretty";
  /** Colours, in the pretty format. */
  readonly colour?: boolean;
  /** Takes whole lines with their newline. Default: stdout, synchronously. */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): KitLogger {
  const write = options.write ?? writeStdout;
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
      logger.debug(fields, message);
    },
    info: (fields, message) => {
      logger.info(fields, message);
    },
    warn: (fields, message) => {
      logger.warn(fields, message);
    },
    error: (fields, message) => {
      logger.error(fields, message);
    },
    fatal: (fields, message) => {
      logger.fatal(fields, message);
    },
    isEnabled: (level) => logger.isLevelEnabled(level),
  };
}

const ROOM_WAIT_MS = 5;
/** A reader that takes nothing for this long loses lines rather than stopping the daemon. */
const ROOM_TRIES_MAX = 200;

/** A pipe may be non-blocking and full: waits for room, bounded. A reader that is gone (EPIPE) is no reason to stop. */
export function writeStdout(text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  for (let tries = 0; done < bytes.length && tries < ROOM_TRIES_MAX;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") return;
      tries += 1;
      Bun.sleepSync(ROOM_WAIT_MS);
    }
  }
}

/** `auto`: pretty on a terminal. */
export function chooseFormat(wanted: "auto" | "json" | "pretty", terminal: boolean): "json" | "pretty" {
  if (wanted !== "auto") return wanted;
  return terminal ? "pretty" : "json";
}
