/** What a service wrote to its log, as far as `up` shows it. */
export interface LogRecord {
  readonly level: string;
  readonly service: string;
  readonly message: string;
  /** Fields beside the message that tell why: `error`, `reason`, `code`. */
  readonly why: string | undefined;
}

const SHOWN = new Set(["warn", "error", "fatal"]);

/** The record when it is a warning or worse; undefined for all else. */
export function shownRecord(service: string, line: string): LogRecord | undefined {
  if (!line.startsWith("{")) return undefined;
  // Most lines are information: a look at the text spares parsing it.
  if (!/"level":"(?:warn|error|fatal)"/.test(line)) return undefined;
  const value = parse(line);
  const level = value?.["level"];
  if (value === undefined || typeof level !== "string" || !SHOWN.has(level)) return undefined;
  const message = typeof value["msg"] === "string" ? value["msg"] : line;
  return { level, service, message, why: whyOf(value) };
}

function whyOf(value: Readonly<Record<string, unknown>>): string | undefined {
  const { error, reason } = value;
  if (typeof reason === "string") return reason;
  if (typeof error === "string") return error;
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return undefined;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What a process wrote to its standard error, as a line of its JSON log. */
export function standardErrorLine(service: string, text: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  return JSON.stringify({ level: "error", time, service, stream: "stderr", msg: text });
}
