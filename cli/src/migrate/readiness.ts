/** Whether the next phase may begin: its window has passed, and its criteria are met. Pure. */
import { duration, moment } from "../view/amounts.ts";
import type { Criterion } from "./criteria.ts";
import type { MigrationState } from "./migration_state.ts";
import { phaseAt } from "./phases.ts";

export interface Window {
  /** 0: none is left. */
  readonly leftMs: number;
  /** UTC ms; null: there is no window. */
  readonly endsMs: number | null;
}

/** A clock that went back makes it longer, never shorter. */
export function windowOf({ position, since }: MigrationState, nowMs: number): Window {
  const { windowMs } = phaseAt(position);
  if (windowMs === 0 || since === null) return { leftMs: 0, endsMs: null };
  const endsMs = Date.parse(since) + windowMs;
  return { leftMs: Math.max(0, endsMs - nowMs), endsMs };
}

/** Empty: nothing stands against it. */
export function objections(window: Window, criteria: readonly Criterion[]): readonly string[] {
  const early =
    window.leftMs > 0 && window.endsMs !== null
      ? [`its window ends in ${duration(window.leftMs)}, at ${moment(window.endsMs)} UTC`]
      : [];
  const unmet = criteria.filter(({ met }) => met === false).map(({ name, value }) => `${name}: ${value}`);
  return [...early, ...unmet];
}
