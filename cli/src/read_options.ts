/** Values of options: text in, checked value out. Each throws what commander shows with the option's name. */
import { InvalidArgumentError } from "commander";

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

/** Repeatable, and with commas: `--signal Q_A,Q_B --signal Q_C`. */
export function list(text: string, before: readonly string[] | undefined): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("Give at least one name.");
  return [...(before ?? []), ...names];
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `2h`, `3d` back from now, or a date or time; without a zone it is UTC. Result: UTC ms. */
export function pastMoment(nowMs: () => number): (text: string) => number {
  return (text) => {
    const back = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/.exec(text.trim());
    if (back !== null) return nowMs() - Number(back[1]) * UNITS_MS[back[2] as keyof typeof UNITS_MS];
    const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(
      text.trim(),
    );
    const dateOnly = !/[T ]/.test(text.trim());
    const zone = date?.[1] === undefined && !dateOnly ? "Z" : "";
    const at = date === null ? Number.NaN : Date.parse(`${text.trim().replace(" ", "T")}${zone}`);
    if (!Number.isNaN(at)) return at;
    throw new InvalidArgumentError(
      "Give a time back (90s, 10m, 2h, 3d) or a moment (2026-01-31, 2026-01-31T08:00Z).",
    );
  };
}

const AHEAD_MS_MAX = 366 * UNITS_MS.d;

/** `90s`, `15m`, `2h`, `1d`: a stretch of time from now on, ms. */
export function timeSpan(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/.exec(text.trim());
  const ms =
    match === null ? Number.NaN : Math.round(Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS]);
  if (ms > 0 && ms <= AHEAD_MS_MAX) return ms;
  throw new InvalidArgumentError("Give a time like 90s, 15m, 2h or 1d, at most 366d.");
}
