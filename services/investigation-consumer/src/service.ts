import { createStamps, type Service } from "@kloros/daemon";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import type { ModuleAnalyst } from "./analyst.ts";
import { investigate } from "./effects.ts";
import { type config, manifest } from "./manifest.ts";
import { loadPythonParser } from "./python/parser.ts";
import { staticAnalyst } from "./static_analyst.ts";

/** The kit's own limit stands behind the service's: it is for a handler that hangs, not for one that is slow. */
const HANG_MARGIN_MS = 20_000;

/** The service with another analyst in the static one's place, for example one that asks a language model. */
export function createService(analyst: ModuleAnalyst): Service<typeof config> {
  return {
    manifest,
    start: async (context) => {
      await loadPythonParser();
      const tools = { analyst, nextTimestamp: createStamps(() => context.clock.wallMs()) };
      const { concurrency, urgentConcurrency, limitMs } = context.config;
      await context.consume(
        {
          signals: [CuriosityInvestigate],
          start: { from: "earliest" },
          concurrency,
          urgentConcurrency,
          handlerTimeoutMs: limitMs + HANG_MARGIN_MS,
          // A full disk or a missing right needs somebody's hand: minutes of patience before a dead letter.
          attemptsMax: 12,
        },
        (delivery) => investigate(context, tools, delivery),
      );
    },
  };
}

export const service = createService(staticAnalyst);
