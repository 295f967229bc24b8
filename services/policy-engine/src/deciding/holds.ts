/** What holds a rule back although its condition is met. Pure. */
import type { Control } from "../decisions/decision_record.ts";
import { wallOf } from "./moment.ts";
import type { Moment } from "./moment.ts";
import type { QuietHours, Rule } from "../rules/rule.ts";
import type { RuleState } from "./state.ts";

export interface Hold {
  readonly control: Control;
  readonly reason: string;
  /** UTC ms of the wall clock; absent: not known. */
  readonly untilMs?: number;
}

/** Who paused a rule, and until when if that is said. */
export interface RulePause {
  readonly text: string;
  readonly untilMs: number | undefined;
}

export interface HoldInput {
  readonly rule: Rule;
  readonly state: RuleState;
  readonly now: Moment;
  readonly pause: RulePause | undefined;
  /** All subjects, and those that do not cool down. A rule without subjects has the one `""`. */
  readonly subjects: readonly string[];
  readonly eligible: readonly string[];
}

/** All that hold, the one that says most first. */
export function holdsOf(input: HoldInput): readonly Hold[] {
  return [paused(input), singleton(input), cooldown(input), rateLimit(input), quietHours(input)].filter(
    (hold) => hold !== undefined,
  );
}

function paused({ pause }: HoldInput): Hold | undefined {
  if (pause === undefined) return undefined;
  const until = pause.untilMs === undefined ? {} : { untilMs: pause.untilMs };
  return { control: "paused", reason: `the rule is ${pause.text}`, ...until };
}

function singleton({ rule, state, now }: HoldInput): Hold | undefined {
  const { running } = state;
  if (running === undefined || rule.control.singleton === undefined) return undefined;
  const untilMs = wallOf(running.sinceMs + rule.control.singleton.limitMs, now);
  const reason = `what it started with ${running.triggerId} still runs`;
  return { control: "singleton", reason, untilMs };
}

function cooldown({ rule, state, now, subjects, eligible }: HoldInput): Hold | undefined {
  if (rule.control.cooldownMs === undefined || eligible.length > 0) return undefined;
  const asked = new Set(subjects);
  const untilMs = Math.min(
    ...state.cooling.filter(([subject]) => asked.has(subject)).map(([, until]) => until),
  );
  const reason = rule.subjects === undefined ? "it cools down" : "each of its subjects cools down";
  return { control: "cooldown", reason, untilMs: wallOf(untilMs, now) };
}

/** Firings inside the window, and when the oldest that counts leaves it. */
function rateLimit({ rule, state, now }: HoldInput): Hold | undefined {
  const limit = rule.control.rateLimit;
  if (limit === undefined) return undefined;
  const recent = state.firedAtMs.filter((atMs) => atMs > now.steadyMs - limit.perMs);
  const oldest = recent.at(-limit.count);
  if (oldest === undefined) return undefined;
  const reason = `it fired ${String(recent.length)} times within its span`;
  return { control: "rateLimit", reason, untilMs: wallOf(oldest + limit.perMs, now) };
}

function quietHours({ rule, now }: HoldInput): Hold | undefined {
  const quiet = rule.control.quietHours;
  const minutes = quiet === undefined ? undefined : quietMinutesLeft(quiet, now);
  if (minutes === undefined) return undefined;
  return {
    control: "quietHours",
    reason: "it is within its quiet hours",
    // Hours end on the minute.
    untilMs: now.wallMs - (now.wallMs % 60_000) + minutes * 60_000,
  };
}

const DAY = 24 * 60;

/** Minutes until they end; undefined: it is not within them. They belong to the day on which they begin. */
export function quietMinutesLeft(
  { fromMinute, toMinute, days }: QuietHours,
  { weekday, minute }: Pick<Moment, "weekday" | "minute">,
): number | undefined {
  const begins = (day: number): boolean => days === undefined || days.includes(day);
  if (fromMinute < toMinute) {
    return begins(weekday) && minute >= fromMinute && minute < toMinute ? toMinute - minute : undefined;
  }
  if (begins(weekday) && minute >= fromMinute) return DAY - minute + toMinute;
  return begins((weekday + 6) % 7) && minute < toMinute ? toMinute - minute : undefined;
}
