/** Starts the discoverer: its cycle, its hints, its health. */
import { basename, dirname } from "node:path";
import type { Service } from "@kloros/daemon";
import { Discoverer } from "./discoverer.ts";
import { manifest } from "./manifest.ts";
import type { CuriosityConfig } from "./manifest.ts";
import { watchHints } from "./watch_hints.ts";

export const service: Service<CuriosityConfig> = {
  manifest,
  async start(context) {
    const { config, paths } = context;
    const discoverer = new Discoverer(context);
    context.health("discovery", () => discoverer.problem());
    // Hints may come before the timer that they trigger is there.
    const timer: { trigger?: () => void } = {};
    const hint = (): void => timer.trigger?.();
    const hints = [
      watchHints(paths.source, hint),
      watchHints(dirname(paths.registry), hint, basename(paths.registry)),
    ];
    const discover = context.every("discover", config.intervalMs, async () => {
      for (const each of hints) each.rearm();
      await discoverer.run();
    });
    timer.trigger = (): void => discover.trigger();
    await Promise.resolve();
    return async () => {
      for (const each of hints) each.close();
      await Promise.resolve();
    };
  },
};
