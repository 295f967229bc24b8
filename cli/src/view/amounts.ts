/** Times, sizes and counts as people say them. Pure. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 ms`, `3 s`, `5 min`, `2 h`, `3 d`: one number, rounded down. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** A moment, seen from now. A clock that went back shows as now. */
export function ago(atMs: number, nowMs: number): string {
  return nowMs - atMs < SECOND ? "just now" : `${duration(nowMs - atMs)} ago`;
}

/** In UTC, to the millisecond. */
export function moment(atMs: number): string {
  return new Date(atMs).toISOString().replace("T", " ").replace("Z", "");
}

const UNITS = ["kB", "MB", "GB", "TB"] as const;

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  let value = count;
  let unit = "";
  for (const next of UNITS) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** With separators: 44,638. */
export function number(count: number): string {
  return count.toLocaleString("en-US");
}

export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}
