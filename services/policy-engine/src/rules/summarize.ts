/** A rule in words and plain data, for people and records. Pure. */
import type { RuleSummary } from "../decisions/decision_reader.ts";
import { DAYS } from "./rule_file_schema.ts";
import type { QuietHours, Rule } from "./rule.ts";

export function summarize(rule: Rule): RuleSummary {
  return {
    name: rule.name,
    description: rule.description,
    enabled: rule.enabled,
    on: rule.on,
    when: rule.when?.text ?? "",
    emits: rule.emit.signal.name,
    controls: controlsInWords(rule),
  };
}

function controlsInWords({ control, subjects }: Rule): readonly string[] {
  const { cooldownMs, singleton, debounceMs, rateLimit, quietHours } = control;
  const forWhom = subjects === undefined ? "" : " for the same subject";
  return [
    cooldownMs === undefined ? undefined : `not again${forWhom} within ${durationText(cooldownMs)}`,
    singleton === undefined
      ? undefined
      : `one at a time, until ${singleton.until.join(" or ")}, or ${durationText(singleton.limitMs)} at most`,
    debounceMs === undefined ? undefined : `when no further signal came for ${durationText(debounceMs)}`,
    rateLimit === undefined
      ? undefined
      : `at most ${String(rateLimit.count)} times in ${durationText(rateLimit.perMs)}`,
    quietHours === undefined ? undefined : `not from ${quietText(quietHours)}`,
  ].filter((words) => words !== undefined);
}

function quietText({ fromMinute, toMinute, days }: QuietHours): string {
  const on = days === undefined ? "" : `, ${days.map((day) => DAYS[day] ?? "?").join(" ")}`;
  return `${clockText(fromMinute)} to ${clockText(toMinute)}${on}`;
}

function clockText(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** The largest unit in which it is a whole number: `90m`, `15m`, `1h`. */
function durationText(ms: number): string {
  const [unit, length] = UNITS.find(([, size]) => ms % size === 0 && ms >= size) ?? ["ms", 1];
  return `${String(ms / length)}${unit}`;
}
