/**
 * Time for decisions. The wall clock can be stepped; a cooldown must neither be cut short nor frozen by that. So the engine
 * counts in steady time: milliseconds that really passed, begun at the wall clock's and never stepped. It is carried on in
 * the state: within one boot of the machine by the machine's uptime, over a boot by the wall clock, if that went forward.
 * Pure.
 */

export interface TimeReading {
  /** UTC ms. */
  readonly wallMs: number;
  /** What `epochMs` counts from: a boot of the machine. */
  readonly epoch: string;
  /** Ms since then; never stepped. */
  readonly epochMs: number;
}

/** A reading with the steady time that belongs to it; kept in the state. */
export interface TimeMark extends TimeReading {
  readonly steadyMs: number;
}

export interface Moment {
  readonly steadyMs: number;
  /** UTC ms. */
  readonly wallMs: number;
  /** Local: 0 Sunday to 6 Saturday. */
  readonly weekday: number;
  /** Local: minutes of the day. */
  readonly minute: number;
}

export function markTime(before: TimeMark | undefined, reading: TimeReading): TimeMark {
  if (before === undefined) return { ...reading, steadyMs: reading.wallMs };
  const passed =
    before.epoch === reading.epoch ? reading.epochMs - before.epochMs : reading.wallMs - before.wallMs;
  return { ...reading, steadyMs: before.steadyMs + Math.max(0, passed) };
}

/** When it will be on the wall's clock, as that goes now. */
export function wallOf(steadyMs: number, now: Moment): number {
  return now.wallMs + (steadyMs - now.steadyMs);
}
