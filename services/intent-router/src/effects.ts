/** Starts the router: its scan, its review of rejected files, its hints, its health. */
import type { Service } from "@kloros/daemon";
import { isIntentName } from "./intent_directory.ts";
import { manifest } from "./manifest.ts";
import type { RouterConfig } from "./manifest.ts";
import { Router } from "./router.ts";
import { watchDirectory } from "./watch_directory.ts";

export const service: Service<RouterConfig> = {
  manifest,
  async start(context) {
    const { config, paths } = context;
    const hints = watchDirectory(paths.intents, isIntentName);
    const rejectedHints = watchDirectory(paths.intentsRejected, isIntentName);
    const router = new Router(context, hints);
    context.health("intents", () => router.problem());
    const scan = context.every("scan", config.scanIntervalMs, async () => router.run());
    const review = context.every("rejected", config.rejectedIntervalMs, async () => {
      rejectedHints.take();
      rejectedHints.rearm();
      if (router.reviewRejected()) scan.trigger();
      await Promise.resolve();
    });
    hints.listen(() => scan.trigger());
    rejectedHints.listen(() => review.trigger());
    await Promise.resolve();
    return async () => {
      hints.close();
      rejectedHints.close();
      await Promise.resolve();
    };
  },
};
