import { stringify } from "smol-toml";
import { redact, REDACTED } from "../secret_names.ts";
import type { EffectiveSetting } from "./load_config.ts";

/** The effective configuration as TOML that could be read again, each value with where it came from; no secrets. */
export function printConfig(effective: readonly EffectiveSetting[], title: string): string {
  const lines = [`# Effective configuration of ${title}.`];
  for (const section of new Set(effective.map((one) => one.section))) {
    lines.push("", `[${section}]`);
    for (const setting of effective.filter((one) => one.section === section))
      lines.push(...printSetting(setting));
  }
  return `${lines.join("\n")}\n`;
}

function printSetting({ field, value, origin }: EffectiveSetting): readonly string[] {
  const comments = field.description === "" ? [] : field.description.split("\n").map((line) => `# ${line}`);
  if (value === undefined) return [...comments, `# ${field.key} is not set`];
  const shown = field.secret && value !== "" ? REDACTED : redact(value);
  return [...comments, `${field.key} = ${tomlValue(shown)} # ${origin}`];
}

/** One line: tables inline. */
function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{ ${entries.map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`).join(", ")} }`;
  }
  return stringify({ v: value }).trim().slice("v = ".length);
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
