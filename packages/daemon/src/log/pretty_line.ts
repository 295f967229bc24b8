/** One log record as a line for a person's terminal. Pure. */
const COLOURS: Readonly<Record<string, string>> = {
  trace: "\u001b[90m",
  debug: "\u001b[36m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
  fatal: "\u001b[41m",
};
const RESET = "\u001b[0m";
const HIDDEN = new Set(["level", "time", "service", "msg", "pid"]);

export function prettyLine(record: Readonly<Record<string, unknown>>, colour: boolean): string {
  const level = textOf(record["level"]);
  const time = textOf(record["time"]).slice(11, 23);
  const head = `${time} ${paint(level.toUpperCase().padEnd(5), COLOURS[level], colour)} ${textOf(record["service"])}`;
  const fields = Object.entries(record)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => `${name}=${inline(value)}`);
  const stack = stackOf(record["error"]);
  return `${[`${head}: ${textOf(record["msg"])}`, ...fields].join(" ")}\n${stack === "" ? "" : `${stack}\n`}`;
}

function paint(text: string, code: string | undefined, colour: boolean): string {
  return colour && code !== undefined ? `${code}${text}${RESET}` : text;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}

function inline(value: unknown): string {
  if (typeof value === "object" && value !== null && "stack" in value && "message" in value) {
    return JSON.stringify(value.message);
  }
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}

function stackOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("stack" in error)) return "";
  const stack = error.stack;
  return typeof stack === "string" ? stack.split("\n").slice(1).join("\n") : "";
}
