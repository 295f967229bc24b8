/** One rule of the file, its shape known to be right → a rule to work with; tells what is wrong beyond its shape. Pure. */
import { findSignal, signals } from "@kloros/signal-schema";
import type { SignalDefinition } from "@kloros/signal-schema";
import { compileEmit } from "./compile_emit.ts";
import { expressionAt } from "./expression_at.ts";
import { meant } from "./reporter.ts";
import type { Reporter } from "./reporter.ts";
import type { Controls, QuietHours, Rule } from "./rule.ts";
import { DAYS } from "./rule_file_schema.ts";
import type { RuleEntry } from "./rule_file_schema.ts";
import type { YamlPath } from "./yaml_places.ts";

/** Signals that rules may listen to: what is told, not what is asked for; and not the engine's own alarm clock. */
export const audible: ReadonlyMap<string, SignalDefinition> = new Map(
  [...signals].filter(
    ([name, { kind, delivery }]) => kind !== "trigger" && delivery !== "live" && name !== "Q_POLICY_DUE",
  ),
);

/** Undefined: something is wrong with it, and told. */
export function compileRule(entry: RuleEntry, path: YamlPath, reporter: Reporter): Rule | undefined {
  const on = heard(entry.on, [...path, "on"], reporter);
  const until = heard(
    entry.control?.singleton?.until ?? [],
    [...path, "control", "singleton", "until"],
    reporter,
  );
  const when = expressionAt(entry.when, [...path, "when"], { on, result: "bool", reporter });
  const subjects = expressionAt(entry.subjects, [...path, "subjects"], { on, result: "texts", reporter });
  const settled = expressionAt(entry.settled, [...path, "settled"], { on: until, result: "texts", reporter });
  const emit = compileEmit(entry, [...path, "emit"], { on, reporter });
  const control = controlsOf(entry, [...path, "control"], reporter);
  if (entry.settled !== undefined && (entry.subjects === undefined || control.cooldownMs === undefined)) {
    reporter.atKey(
      [...path, "settled"],
      `settled says which subjects cool down anew, and "${entry.name}" has no ${entry.subjects === undefined ? "subjects" : "control.cooldown"}`,
      "add it, or take settled away",
    );
  }
  if (emit === undefined) return undefined;
  return {
    name: entry.name,
    description: entry.description ?? "",
    enabled: entry.enabled ?? true,
    on: entry.on,
    when,
    emit,
    subjects,
    settled,
    control,
  };
}

function heard(names: readonly string[], path: YamlPath, reporter: Reporter): readonly SignalDefinition[] {
  return names.flatMap((name, index) => {
    const definition = audible.get(name);
    if (definition !== undefined) return [definition];
    const known = findSignal(name);
    if (known === undefined) {
      reporter.at([...path, index], `there is no signal ${name}`, meant(name, [...audible.keys()]));
    } else {
      const why = known.kind === "trigger" ? "a trigger" : "not stored, or the engine's own";
      reporter.at(
        [...path, index],
        `a rule cannot listen to ${name}: it is ${why}`,
        "listen to an advisory, a completion or an error",
      );
    }
    return [];
  });
}

function controlsOf(entry: RuleEntry, path: YamlPath, reporter: Reporter): Controls {
  const { cooldown, singleton, debounce, rateLimit, quietHours } = entry.control ?? {};
  return {
    ...(cooldown === undefined ? {} : { cooldownMs: durationMs(cooldown) }),
    ...(singleton === undefined
      ? {}
      : { singleton: { until: singleton.until, limitMs: durationMs(singleton.limit) } }),
    ...(debounce === undefined ? {} : { debounceMs: durationMs(debounce) }),
    ...(rateLimit === undefined
      ? {}
      : { rateLimit: { count: rateLimit.count, perMs: durationMs(rateLimit.per) } }),
    ...(quietHours === undefined
      ? {}
      : { quietHours: quietHoursOf(quietHours, [...path, "quietHours"], reporter) }),
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Of a text that the schema let through. */
function durationMs(text: string): number {
  const unit = /[a-z]+$/.exec(text)?.[0] ?? "";
  return Math.round(Number.parseFloat(text) * (UNITS_MS[unit] ?? 0));
}

type QuietEntry = NonNullable<NonNullable<RuleEntry["control"]>["quietHours"]>;

function quietHoursOf(entry: QuietEntry, path: YamlPath, reporter: Reporter): QuietHours {
  const fromMinute = minuteOf(entry.from);
  const toMinute = minuteOf(entry.to);
  if (fromMinute === toMinute) {
    const text = `quiet hours from ${entry.from} to ${entry.to} are none, or all`;
    reporter.at([...path, "to"], text, "to switch a rule off, use enabled: false");
  }
  const days = entry.days?.map((day) => DAYS.indexOf(day));
  return { fromMinute, toMinute, ...(days === undefined ? {} : { days }) };
}

function minuteOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}
