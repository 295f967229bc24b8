/**
 * The end of a service, in bounded time whatever its work does: first no new work, then the work in progress, then what it
 * stands on.
 */
import type { Core } from "./start_service.ts";

/** For handing back, which takes a round trip to the bus. */
const HAND_BACK_MS = 2000;
/** For all of a service's own clean-up together. */
const CLEAN_UP_MS = 8000;
/** For the good-bye to the bus. */
const CLOSE_MS = 2000;

/** What a drain takes at most, ms. */
export function drainBoundMs(graceMs: number): number {
  return graceMs + HAND_BACK_MS + CLEAN_UP_MS + CLOSE_MS;
}

/** Resolves within `drainBoundMs(graceMs)`. */
export async function drain(
  core: Core,
  cleanups: readonly (() => Promise<void>)[],
  graceMs: number,
): Promise<void> {
  core.stopping.abort(new Error(`${core.name} is stopping`));
  const work = [
    ...[...core.periodics].map((one) => one.stop()),
    ...[...core.consumers].map((one) => one.drain(graceMs)),
    ...[...core.closers].map((close) => close()),
  ];
  const ended = await within(Promise.allSettled(work), graceMs + HAND_BACK_MS);
  if (!ended) core.log.warn({ graceMs }, "work in progress did not end within the grace; it is handed back");
  core.cutOff.abort(new Error(`${core.name} has stopped`));
  const cleaned = await within(inOrder(cleanups), CLEAN_UP_MS);
  if (!cleaned) core.log.warn({ limitMs: CLEAN_UP_MS }, "the service's own clean-up did not end in time");
  if (core.hasBus) await within(core.bus.close(), CLOSE_MS);
  core.signalLog.flush();
}

async function inOrder(cleanups: readonly (() => Promise<void>)[]): Promise<void> {
  for (const cleanup of cleanups) await Promise.allSettled([cleanup()]);
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, limit]);
  } finally {
    clearTimeout(timer);
  }
}
