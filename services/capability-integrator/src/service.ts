import { messageOf } from "@kloros/daemon";
import type { Service } from "@kloros/daemon";
import { InvestigationComplete } from "@kloros/signal-schema";
import { createIntegrator } from "./effects.ts";
import { manifest } from "./manifest.ts";
import type { config } from "./manifest.ts";

/** With a backoff of at most a minute: a quarter of an hour to free a disk or mend the registry before a dead letter. */
const ATTEMPTS_MAX = 20;

/** Twice the longest backoff: what did not come back by then is mended or a dead letter. */
const TROUBLE_LASTS_MS = 120_000;

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const integrator = createIntegrator(context);
    let trouble: { readonly text: string; readonly atMs: number } | undefined;
    const isLasting = (atMs: number): boolean => context.clock.monotonicMs() - atMs < TROUBLE_LASTS_MS;
    context.health("registry", () =>
      trouble !== undefined && isLasting(trouble.atMs) ? trouble.text : undefined,
    );
    const options = {
      signals: [InvestigationComplete],
      start: { from: "earliest" },
      concurrency: 1,
      attemptsMax: ATTEMPTS_MAX,
      pauseInMaintenance: true,
    } as const;
    await context.consume(options, async (delivery) => {
      try {
        const result = await integrator.handle(delivery);
        trouble = undefined;
        return result;
      } catch (error) {
        const text = messageOf(error);
        trouble = { text, atMs: context.clock.monotonicMs() };
        throw error;
      }
    });
  },
};
