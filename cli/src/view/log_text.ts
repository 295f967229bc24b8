/** One record of a log as a line for people. Pure. */
import type { LogLine } from "../logs/log_line.ts";
import { printable, shorten } from "./describe_facts.ts";
import type { Palette } from "./palette.ts";

const SERVICE_WIDTH = 22;
const LEVEL_WIDTH = 5;
const VALUE_MAX = 200;
const HIDDEN = new Set(["level", "time", "service", "pid", "msg"]);

const TONES: Readonly<Record<string, "faint" | "plain" | "good" | "warn" | "bad">> = {
  trace: "faint",
  debug: "faint",
  info: "good",
  warn: "warn",
  error: "bad",
  fatal: "bad",
};

export function logText({ service, text, record, level = "", atMs }: LogLine, palette: Palette): string {
  const who = palette.source(service.padEnd(SERVICE_WIDTH));
  if (record === undefined)
    return `${" ".repeat(12)}  ${" ".repeat(LEVEL_WIDTH)}  ${who}  ${printable(text)}`;
  const time = atMs === undefined ? " ".repeat(12) : new Date(atMs).toISOString().slice(11, 23);
  const tone = TONES[level] ?? "plain";
  const shown = level.padEnd(LEVEL_WIDTH);
  const fields = Object.entries(record).filter(([name]) => !HIDDEN.has(name));
  return [
    palette.faint(time),
    tone === "plain" ? shown : palette[tone](shown),
    who,
    printable(typeof record["msg"] === "string" ? record["msg"] : ""),
    palette.faint(fields.map(([name, value]) => `${printable(name)}=${valueText(value)}`).join(" ")),
  ]
    .filter((part) => part !== "")
    .join("  ");
}

function valueText(value: unknown): string {
  if (typeof value === "string")
    return shorten(printable(/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)), VALUE_MAX);
  if (
    typeof value === "object" &&
    value !== null &&
    "message" in value &&
    typeof value.message === "string"
  ) {
    return shorten(printable(JSON.stringify(value.message)), VALUE_MAX);
  }
  return shorten(printable(JSON.stringify(value) ?? ""), VALUE_MAX);
}
