/** Why somebody rests, in words. Pure. */
import type { RestNote } from "./marker.ts";

/** `paused by olaf until 2026-11-23 12:00:00Z: disk is being changed`. */
export function pauseText(note: RestNote): string {
  return `paused${details(note)}`;
}

/** `maintenance mode is on, by olaf, until …: disk is being changed`. */
export function maintenanceText(note: RestNote): string {
  return `maintenance mode is on${details(note)}`;
}

function details({ by, untilMs, reason }: RestNote): string {
  const who = by === "" ? "" : ` by ${by}`;
  const until = untilMs === undefined ? "" : ` until ${second(untilMs)}`;
  return `${who}${until}${reason === "" ? "" : `: ${reason}`}`;
}

/** UTC, to the second. */
function second(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
