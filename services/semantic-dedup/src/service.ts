import { join } from "node:path";
import type { Service } from "@kloros/daemon";
import { InvestigationComplete } from "@kloros/signal-schema";
import { takeIn } from "./effects.ts";
import { EvidenceView } from "./evidence_view.ts";
import { type config, manifest } from "./manifest.ts";
import { PendingUpdates } from "./pending_updates.ts";

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const { paths, log, clock } = context;
    const pending = context.mode === "act" ? new PendingUpdates(join(paths.state, manifest.name)) : null;
    const view = new EvidenceView({
      path: paths.semanticEvidence,
      pending,
      log,
      wallMs: () => clock.wallMs(),
    });
    context.health("evidence", () => view.problem());
    const writing = context.every("evidence view", context.config.viewDelayMs, () => view.write());
    await context.consume(
      {
        signals: [InvestigationComplete],
        start: { from: "earliest" },
        stateKey: "module_name",
        // A full disk or a missing right needs somebody's hand: minutes of patience before a dead letter.
        attemptsMax: 12,
      },
      (delivery) => takeIn(context, view, delivery),
    );
    return async () => {
      await writing.stop();
      await view.close();
    };
  },
};
