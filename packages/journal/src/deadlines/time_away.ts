/**
 * How much time passed while no broker ran. Within one boot of the machine its uptime tells; over a boot only the wall clock
 * does, and never less than nothing. Pure.
 */
import { parseSummed } from "../checksum.ts";

/** What time it is, by all clocks that can be compared later. */
export interface TimeReading {
  /** UTC, ms. */
  readonly wallMs: number;
  /** Boot of the machine and the time since; absent where nobody knows. */
  readonly boot?: Boot | undefined;
}

export interface Boot {
  readonly id: string;
  readonly uptimeMs: number;
}

/** A reading, and what the deadlines' clock showed then. Stored. */
export interface Anchor extends TimeReading {
  readonly clock: number;
  /** What the broker's own clock showed; absent in what earlier programs wrote. */
  readonly own?: number;
}

/** Undefined: it is not what was written. */
export function parseAnchor(text: unknown): Anchor | undefined {
  const anchor = parseSummed(text) as Anchor | undefined;
  return Number.isFinite(anchor?.clock) ? anchor : undefined;
}

/** Ms from the anchor to now. */
export function timeSince(anchor: Anchor, now: TimeReading): number {
  const sameBoot = anchor.boot !== undefined && anchor.boot.id === now.boot?.id;
  const passed = sameBoot
    ? (now.boot?.uptimeMs ?? 0) - (anchor.boot?.uptimeMs ?? 0)
    : now.wallMs - anchor.wallMs;
  return Number.isFinite(passed) ? Math.max(0, passed) : 0;
}
