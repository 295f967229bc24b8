import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Delivery } from "@kloros/bus-client";
import { startForTest } from "@kloros/daemon/testing";
import { createRoot, InvestigationComplete } from "@kloros/signal-schema";
import { takeIn } from "./effects.ts";
import { EvidenceView } from "./evidence_view.ts";
import { PendingUpdates } from "./pending_updates.ts";
import { service } from "./service.ts";

/** A delivery that keeps its plan and is never committed: what a crash before the commit leaves. */
function uncommitted(facts: object): Delivery {
  const example = InvestigationComplete.examples[0];
  if (example === undefined) throw new Error("no example");
  let plan: unknown = null;
  return {
    signal: createRoot(
      InvestigationComplete,
      { ...example, ...facts },
      { source: "investigation-consumer", nowMs: 0 },
    ),
    seq: 1,
    attempt: 1,
    late: false,
    state: null,
    get plan() {
      return plan;
    },
    savePlan: async (saved) => {
      plan = JSON.parse(JSON.stringify(saved)) as unknown;
    },
    abort: new AbortController().signal,
  };
}

test.each([true, false])(
  "a first completion that is delivered again after a crash decides as before (view written: %p)",
  async (written) => {
    const running = await startForTest(service);
    const { paths } = running;
    try {
      const open = (): EvidenceView =>
        new EvidenceView({
          path: paths.semanticEvidence,
          pending: new PendingUpdates(join(paths.state, "of-this-test")),
          log: running.context.log,
          wallMs: () => Date.now(),
        });
      const delivery = uncommitted({ module_name: "audio", status: "failed", error: "it broke" });
      const before = open();
      const first = await takeIn(running.context, before, delivery);
      if (written) await before.write();
      const again = await takeIn(running.context, open(), delivery);
      expect(again?.state).toMatchObject({ entry: { suppression: { failure_count: 1 } } });
      const facts = (result: typeof first): unknown => result?.emit?.map((signal) => signal.facts["changed"]);
      expect(facts(again)).toEqual(facts(first));
    } finally {
      await running.stop();
    }
  },
);
