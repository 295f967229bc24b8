/**
 * From readings to alerts. Pure.
 *
 * An alert is told when it is raised, when it changes and when it clears, never in between. Two things keep a value that
 * jitters from flapping: it clears only below the threshold minus a margin, and a move has to last for so many looks.
 */
import type { AlertFacts, AlertMemory, DueAlert, Level, Reading, Severity, Told } from "./alert.ts";

export interface Rules {
  readonly nowMs: number;
  /** Looks in a row that a value has to be worse, or better, before that counts. At least 1. */
  readonly looks: number;
  /** A level is left below its threshold minus this share of it, 0 to 1. */
  readonly clearMargin: number;
  /** From one telling to the next while the severity stays, ms. */
  readonly quietMs: number;
}

/** How many looks in a row a value was worse or better than what was told. Lost with the process: then it counts anew. */
export type Streaks = Readonly<Record<string, { readonly worse: boolean; readonly looks: number }>>;

export interface Decision {
  /** The same object when nothing is to be told. */
  readonly memory: AlertMemory;
  readonly streaks: Streaks;
}

/** One check can have so many alerts standing; more would say no more than that all is broken. */
export const STANDING_MAX = 100;

/** A standing alert whose condition has no reading any more (a consumer was removed, a disk unmounted) is over. */
export function decideAlerts(
  readings: readonly Reading[],
  before: { readonly memory: AlertMemory; readonly streaks: Streaks },
  rules: Rules,
): Decision {
  const { memory } = before;
  const standing = new Map(Object.entries(memory.standing));
  const streaks: Record<string, Streaks[string]> = {};
  const due: DueAlert[] = [];
  const tell = (facts: AlertFacts): void => void due.push({ facts, timestampMs: rules.nowMs });

  for (const reading of readings) {
    if (!Number.isFinite(reading.value)) continue;
    const told = standing.get(reading.key);
    const level = levelNow(reading, told, rules.clearMargin);
    const streak = nextStreak(before.streaks[reading.key], told, level);
    if (streak !== undefined && streak.looks < rules.looks) {
      streaks[reading.key] = streak;
      continue;
    }
    if (level === undefined) {
      if (told !== undefined) tell(cleared(reading));
      standing.delete(reading.key);
    } else if (told === undefined ? standing.size < STANDING_MAX : isNews(reading, told, level, rules)) {
      tell(worth(reading, level, told === undefined ? "raised" : "changed"));
      standing.set(reading.key, toldNow(reading, level, told, rules.nowMs));
    }
  }
  const read = new Set(readings.map(({ key }) => key));
  for (const [key, told] of standing) {
    if (read.has(key)) continue;
    const streak = nextStreak(before.streaks[key], told, undefined);
    if (streak !== undefined && streak.looks < rules.looks) {
      streaks[key] = streak;
      continue;
    }
    tell(gone(key, told));
    standing.delete(key);
  }
  if (due.length === 0) return { memory, streaks };
  return { memory: { standing: Object.fromEntries(standing), due: [...memory.due, ...due] }, streaks };
}

/** A level once reached is kept until the value is below it by the margin; a worse one counts at once. */
function levelNow(reading: Reading, told: Told | undefined, clearMargin: number): Level | undefined {
  const reached = reading.levels.findLast(({ above }) => reading.value > above);
  if (told === undefined) return reached;
  const kept = reading.levels.findLast(
    ({ severity, above }) =>
      rank(severity) <= rank(told.severity) && reading.value > above - Math.abs(above) * clearMargin,
  );
  return rankOf(kept) > rankOf(reached) ? kept : reached;
}

const RANKS: Readonly<Record<Severity, number>> = { info: 1, warning: 2, critical: 3 };

function rank(severity: Severity): number {
  return RANKS[severity];
}

function rankOf(level: Pick<Level, "severity"> | undefined): number {
  return level === undefined ? 0 : rank(level.severity);
}

/** Undefined: nothing moves. */
function nextStreak(
  before: Streaks[string] | undefined,
  told: Told | undefined,
  level: Level | undefined,
): Streaks[string] | undefined {
  if (rankOf(level) === rankOf(told)) return undefined;
  const worse = rankOf(level) > rankOf(told);
  return { worse, looks: before?.worse === worse ? before.looks + 1 : 1 };
}

function isNews(reading: Reading, told: Told, level: Level, rules: Rules): boolean {
  if (level.severity !== told.severity) return true;
  if (reading.step === undefined || Math.abs(reading.value - told.value) < reading.step) return false;
  // A clock that was set back must not silence it for good.
  return Math.abs(rules.nowMs - told.atMs) >= rules.quietMs;
}

function toldNow(reading: Reading, level: Level, told: Told | undefined, nowMs: number): Told {
  const { type, value, unit } = reading;
  const sinceMs = told?.sinceMs ?? nowMs;
  return { type, severity: level.severity, value, threshold: level.above, unit, sinceMs, atMs: nowMs };
}

function worth(reading: Reading, level: Level, state: "raised" | "changed"): AlertFacts {
  const { key, type, value, unit, message, advice, suggestions } = reading;
  return {
    alert_type: type,
    severity: level.severity,
    ...measured(value, level.above, unit),
    recommended_action: advice,
    key,
    state,
    details: { ...unitOf(unit), message, ...(suggestions === undefined ? {} : { suggestions }) },
  };
}

/** `info`, so that a reader who does not know of `state` is not alarmed by good news. */
function cleared({ key, type, value, unit, levels, message }: Reading): AlertFacts {
  return {
    alert_type: type,
    severity: "info",
    ...measured(value, levels[0].above, unit),
    recommended_action: NOTHING_TO_DO,
    key,
    state: "cleared",
    details: { ...unitOf(unit), message },
  };
}

function gone(key: string, { type, threshold, unit }: Told): AlertFacts {
  return {
    alert_type: type,
    severity: "info",
    ...measured(null, threshold, unit),
    recommended_action: NOTHING_TO_DO,
    key,
    state: "cleared",
    details: { ...unitOf(unit), message: "what it was about is no longer there" },
  };
}

const NOTHING_TO_DO = "nothing: the condition is over";

function measured(value: number | null, threshold: number, unit: string | null) {
  if (unit === null) return { metric_value: null, threshold: null };
  return { metric_value: value === null ? null : rounded(value), threshold };
}

function unitOf(unit: string | null): { readonly unit?: string } {
  return unit === null ? {} : { unit };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
