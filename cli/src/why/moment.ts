/** A moment that a person asks about. */
import { InvalidArgumentError } from "commander";
import { pastMoment } from "../read_options.ts";

const DAY_MS = 86_400_000;
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** `15m` or `-15m` back, `10:30` the last time it was so (UTC), or a date or time. Result: UTC ms, not in the future. */
export function askedMoment(nowMs: () => number): (text: string) => number {
  const past = pastMoment(nowMs);
  return (text) => {
    const now = nowMs();
    const clock = CLOCK.exec(text.trim());
    if (clock !== null) return lastTime(clock, now);
    try {
      return Math.min(now, past(text.trim().replace(/^-/, "")));
    } catch {
      throw new InvalidArgumentError(
        "Give a time back (15m, 2h), a time of day in UTC (10:30) or a moment (2026-01-31T08:00Z).",
      );
    }
  };
}

function lastTime([, hour, minute, second]: RegExpExecArray, nowMs: number): number {
  const midnight = nowMs - (nowMs % DAY_MS);
  const atMs = midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second ?? 0)) * 1000;
  return atMs > nowMs ? atMs - DAY_MS : atMs;
}
