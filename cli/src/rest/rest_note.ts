/** A rest for programs: moments as texts. */
import type { RestNote } from "@kloros/daemon";

export interface RestJson {
  readonly since: string | null;
  readonly until: string | null;
  readonly reason: string;
  readonly by: string;
}

export function restJson({ sinceMs, untilMs, reason, by }: RestNote): RestJson {
  return { since: timeText(sinceMs), until: timeText(untilMs), reason, by };
}

function timeText(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
