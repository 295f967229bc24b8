import { join } from "node:path";
import type { Service } from "@kloros/daemon";
import { InvestigationComplete } from "@kloros/signal-schema";
import { type Context, takeIn } from "./effects.ts";
import { EvidenceView } from "./evidence_view.ts";
import { type config, manifest } from "./manifest.ts";
import { PendingUpdates } from "./pending_updates.ts";

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    let opened: EvidenceView | undefined;
    const view = (): EvidenceView => (opened ??= openView(context));
    context.health("evidence", () => opened?.problem());
    await context.consume(
      {
        signals: [InvestigationComplete],
        start: { from: "earliest" },
        stateKey: "module_name",
        // A full disk or a missing right needs somebody's hand: minutes of patience before a dead letter.
        attemptsMax: 12,
      },
      (delivery) => takeIn(context, view(), delivery),
    );
    // Not before the bus let this consumer in: a second instance would write its older view over the first one's file.
    const written = view();
    const writing = context.every("evidence view", context.config.viewDelayMs, () => written.write());
    return async () => {
      await writing.stop();
      await written.close();
    };
  },
};

function openView({ mode, paths, log, clock }: Context): EvidenceView {
  const pending = mode === "act" ? new PendingUpdates(join(paths.state, manifest.name)) : null;
  return new EvidenceView({ path: paths.semanticEvidence, pending, log, wallMs: () => clock.wallMs() });
}
