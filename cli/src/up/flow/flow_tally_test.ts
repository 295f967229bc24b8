import { expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { FlowTally } from "./flow_tally.ts";

test("FlowTally counts signals, modules and what was created", () => {
  const tally = new FlowTally();
  const signal = (name: string, facts: Record<string, unknown>): Envelope => ({
    signal: name,
    timestamp: "2026-11-23T04:00:00.000Z",
    source: "x",
    facts,
    id: "1",
    trace: "1",
    hops: 0,
  });
  tally.add(signal("Q_MODULE_INTEGRATED", { module_name: "vision", init_created: true }));
  tally.add(signal("Q_MODULE_INTEGRATED", { module_name: "audio", init_created: false }));
  tally.add(signal("Q_INTEGRATION_FAILED", {}));
  expect(tally.total).toBe(3);
  expect(tally.bySignal).toEqual({ Q_MODULE_INTEGRATED: 2, Q_INTEGRATION_FAILED: 1 });
  expect(tally.integrated).toEqual(["audio", "vision"]);
  expect(tally.initsCreated).toBe(1);
  expect(tally.failedIntegrations).toBe(1);
});
