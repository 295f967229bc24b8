/** A line of a service's log. Pure. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

export interface LogLine {
  readonly service: string;
  readonly text: string;
  /** UTC ms; undefined where the line says none: it belongs to the one before it. */
  readonly atMs: number | undefined;
  /** Of a line that is no record (a stack, a word of the runtime): undefined. */
  readonly level: string | undefined;
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

export function readLogLine(service: string, text: string): LogLine {
  const record = parseRecord(text);
  const time = record?.["time"];
  const atMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  const level = record?.["level"];
  return {
    service,
    text,
    atMs: Number.isNaN(atMs) ? undefined : atMs,
    level: typeof level === "string" ? level : undefined,
    record,
  };
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A line without a level is shown: it may be the last word of a process that died. */
export function atLeast(line: LogLine, level: LogLevelName): boolean {
  const of = LOG_LEVELS.indexOf(line.level as LogLevelName);
  return of === -1 || of >= LOG_LEVELS.indexOf(level);
}
