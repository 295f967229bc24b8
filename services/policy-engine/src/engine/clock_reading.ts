/** Reads the clocks that decisions count by. */
import { readFileSync } from "node:fs";
import { systemClock } from "@kloros/daemon";
import type { Clock } from "@kloros/daemon";
import type { Moment, TimeMark, TimeReading } from "../deciding/moment.ts";

/** A clock that was put in its place counts from this service's start: it has no boot to hold on to. */
export function readTime(clock: Clock, startedAs: string): TimeReading {
  const wallMs = clock.wallMs();
  const uptimeMs = clock === systemClock ? machineUptimeMs() : undefined;
  return uptimeMs === undefined
    ? { wallMs, epoch: startedAs, epochMs: clock.monotonicMs() }
    : { wallMs, ...uptimeMs };
}

let bootId: string | undefined;

/** Goes on while the machine sleeps, which a process's own clock does not. Undefined: not a Linux machine's. */
function machineUptimeMs(): { readonly epoch: string; readonly epochMs: number } | undefined {
  try {
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const seconds = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
    return Number.isFinite(seconds) ? { epoch: bootId, epochMs: seconds * 1000 } : undefined;
  } catch {
    return undefined;
  }
}

/** With the local time that quiet hours go by. */
export function momentOf({ steadyMs, wallMs }: TimeMark): Moment {
  const local = new Date(wallMs);
  return { steadyMs, wallMs, weekday: local.getDay(), minute: local.getHours() * 60 + local.getMinutes() };
}
