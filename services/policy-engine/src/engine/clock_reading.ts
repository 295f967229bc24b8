/** Reads the clocks that decisions count by. */
import { machineBoot, systemClock } from "@kloros/daemon";
import type { Clock } from "@kloros/daemon";
import type { Moment, TimeMark, TimeReading } from "../deciding/moment.ts";

/** A clock that was put in its place counts from this service's start: it has no boot to hold on to. */
export function readTime(clock: Clock, startedAs: string): TimeReading {
  const wallMs = clock.wallMs();
  const boot = clock === systemClock ? machineBoot() : undefined;
  return boot === undefined
    ? { wallMs, epoch: startedAs, epochMs: clock.monotonicMs() }
    : { wallMs, epoch: boot.id, epochMs: boot.uptimeMs };
}

/** With the local time that quiet hours go by. */
export function momentOf({ steadyMs, wallMs }: TimeMark): Moment {
  const local = new Date(wallMs);
  return { steadyMs, wallMs, weekday: local.getDay(), minute: local.getHours() * 60 + local.getMinutes() };
}
