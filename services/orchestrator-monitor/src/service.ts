import { pause } from "@kloros/daemon";
import type { Service } from "@kloros/daemon";
import type { Check } from "./check.ts";
import { createCheckRunner } from "./check_runner.ts";
import { createChecks } from "./checks.ts";
import type { MonitorContext } from "./checks.ts";
import { manifest } from "./manifest.ts";
import type { config } from "./manifest.ts";
import { watchDirectory, watchFile } from "./watch_path.ts";
import type { PathWatch } from "./watch_path.ts";

/** Short enough not to be noticed, long enough that a burst of integrations costs a few looks, ms. */
const GATHER_MS = 100;

/** Signals that may wait for one shared look. */
const SIGNALS_AT_ONCE = 64;

/** A monitor that starts for the first time beside a running system is not told of what is older, ms. */
const FIRST_SEEN_AGE_MS_MAX = 3_600_000;

/** With a backoff of at most a minute: a quarter of an hour to mend what a check cannot read. */
const ATTEMPTS_MAX = 20;

function startCheck(context: MonitorContext, check: Check) {
  let lookSooner = (): void => {};
  let waiting = false;
  /** One at a time: that look says by itself when the next is due. */
  const lookAgain = async (inMs: number): Promise<void> => {
    if (waiting) return;
    waiting = true;
    await pause(inMs, context.stopping);
    waiting = false;
    lookSooner();
  };
  const runner = createCheckRunner(check, {
    publish: (advisories) => context.publish(advisories),
    gatherMs: check.gatherMs ?? GATHER_MS,
    again: (inMs) => void lookAgain(inMs),
  });
  const gathered = { gatherMs: () => runner.gatherMs() };
  const json = { ...gathered, concerns: (name: string) => name.endsWith(".json") };
  const watches: readonly PathWatch[] = [
    ...check.watches.files.map((path) => watchFile(path, gathered, () => lookSooner())),
    ...(check.watches.directories ?? []).map((path) => watchDirectory(path, json, () => lookSooner())),
  ];
  const timer = context.every(check.name, check.intervalMs, async () => {
    for (const one of watches) one.ensure();
    await runner.look();
  });
  lookSooner = () => {
    if (!context.stopping.aborted) timer.trigger();
  };
  return { check, runner, watches };
}

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const running = createChecks(context).map((check) => startCheck(context, check));
    const signals = [...new Set(running.flatMap(({ check }) => check.watches.signals))];
    await context.consume(
      {
        signals,
        start: { from: "earliest", ageMsMax: FIRST_SEEN_AGE_MS_MAX },
        concurrency: SIGNALS_AT_ONCE,
        attemptsMax: ATTEMPTS_MAX,
      },
      async (delivery) => {
        const name = delivery.signal.signal;
        const asked = running.filter(({ check }) =>
          check.watches.signals.some((signal) => signal.name === name),
        );
        // What the signal tells of may be the first file in a directory that was not there to watch.
        for (const { watches } of asked) for (const one of watches) one.ensure();
        await Promise.all(asked.map(({ runner }) => runner.lookBecause(delivery.signal)));
        return undefined;
      },
    );
    return async () => {
      for (const { watches } of running) for (const one of watches) one.close();
    };
  },
};
