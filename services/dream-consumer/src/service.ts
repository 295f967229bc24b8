import type { Service } from "@kloros/daemon";
import { DreamTrigger } from "@kloros/signal-schema";
import { findRunner } from "./command/find_runner.ts";
import type { config } from "./config.ts";
import { createCycles } from "./effects.ts";
import { manifest } from "./manifest.ts";

/** What comes before and after a cycle: ending strays, reading results, the plan on a busy bus. */
const AROUND_MS = 60_000;
/** What fails here is the bus or the disk: with a backoff of at most a minute, a quarter of an hour to mend it. */
const ATTEMPTS_MAX = 20;

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const { timeLimitS, graceS, command } = context.config;
    const cycles = createCycles(context);
    context.health("runner", () => {
      const runner = command.length === 0 ? findRunner() : undefined;
      return runner?.ok === false ? runner.error : undefined;
    });
    const options = {
      signals: [DreamTrigger],
      start: { from: "earliest" },
      stateKey: "",
      attemptsMax: ATTEMPTS_MAX,
      handlerTimeoutMs: (timeLimitS + graceS) * 1000 + AROUND_MS,
      pauseInMaintenance: true,
    } as const;
    await context.consume(options, (delivery) => cycles.handle(delivery));
  },
};
