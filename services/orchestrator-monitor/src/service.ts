import type { Service, ServiceContext } from "@kloros/daemon";
import type { Check } from "./check.ts";
import { createCheckRunner } from "./check_runner.ts";
import { watchFile } from "./effects.ts";
import { manifest } from "./manifest.ts";
import type { config } from "./manifest.ts";
import { newModulesCheck } from "./new_modules.ts";

/** Short enough not to be noticed, long enough that a burst of integrations costs a few looks, ms. */
const GATHER_MS = 100;

/** Signals that may wait for one shared look. */
const SIGNALS_AT_ONCE = 64;

/** A monitor that starts for the first time beside a running system is not told of what is older, ms. */
const FIRST_SEEN_AGE_MS_MAX = 3_600_000;

/** With a backoff of at most a minute: a quarter of an hour to mend a registry that cannot be read. */
const ATTEMPTS_MAX = 20;

type Context = ServiceContext<typeof config>;

function startCheck(context: Context, check: Check) {
  const runner = createCheckRunner(check, {
    publish: (advisories) => context.publish(advisories),
    gatherMs: GATHER_MS,
  });
  let lookSooner = (): void => {};
  const files = check.watches.files.map((path) => watchFile(path, GATHER_MS, () => lookSooner()));
  const timer = context.every(check.name, check.intervalMs, async () => {
    for (const file of files) file.ensure();
    await runner.look();
  });
  lookSooner = () => timer.trigger();
  return { check, runner, files };
}

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const checks = [newModulesCheck(context)];
    const runners = checks.map((check) => startCheck(context, check));
    const signals = [...new Set(checks.flatMap((check) => check.watches.signals))];
    await context.consume(
      {
        signals,
        start: { from: "earliest", ageMsMax: FIRST_SEEN_AGE_MS_MAX },
        concurrency: SIGNALS_AT_ONCE,
        attemptsMax: ATTEMPTS_MAX,
      },
      async (delivery) => {
        const name = delivery.signal.signal;
        const asked = runners.filter(({ check }) =>
          check.watches.signals.some((signal) => signal.name === name),
        );
        // What the signal tells of may be the first file in a directory that was not there to watch.
        for (const { files } of asked) for (const file of files) file.ensure();
        await Promise.all(asked.map(({ runner }) => runner.lookBecause(delivery.signal)));
        return undefined;
      },
    );
    return async () => {
      for (const { files } of runners) for (const file of files) file.close();
    };
  },
};
