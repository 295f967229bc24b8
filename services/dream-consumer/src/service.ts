import type { Delivery } from "@kloros/bus-client";
import { pause, type Service, type ServiceContext } from "@kloros/daemon";
import { DreamTrigger } from "@kloros/signal-schema";
import { findRunner } from "./command/find_runner.ts";
import type { config } from "./config.ts";
import { createCycles } from "./effects.ts";
import { manifest } from "./manifest.ts";

/** What comes before and after a cycle: ending strays, reading results, the plan on a busy bus. */
const AROUND_MS = 60_000;
/** Longer than any drain: its end is the delivery's, too. */
const HAND_BACK_MS_MAX = 60_000;
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
    await context.consume(options, async (delivery) => {
      try {
        return await cycles.handle(delivery);
      } catch (error) {
        if (context.stopping.aborted) await handBack(context, delivery);
        throw error;
      }
    });
  },
};

/**
 * An error would count as an attempt, and the drain hands back only what its whole grace was too short for. Leaving the
 * bus in order hands the delivery back at once and uncounted; there is nothing else that this service could still say.
 */
async function handBack(context: ServiceContext<typeof config>, delivery: Delivery): Promise<void> {
  // Waits for this handler to end.
  const left = context.bus.close();
  left.catch(() => undefined);
  await pause(HAND_BACK_MS_MAX, delivery.abort);
}
