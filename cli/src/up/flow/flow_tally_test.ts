import { expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { FlowTally } from "./flow_tally.ts";

const signal = (name: string, facts: Record<string, unknown>): Envelope => ({
  signal: name,
  timestamp: "2026-11-23T04:00:00.000Z",
  source: "x",
  facts,
  id: "1",
  trace: "1",
  hops: 0,
});

test("FlowTally counts signals, modules and what was created", () => {
  const tally = new FlowTally();
  tally.add(signal("Q_MODULE_INTEGRATED", { module_name: "vision", init_created: true }));
  tally.add(signal("Q_MODULE_INTEGRATED", { module_name: "audio", init_created: false }));
  tally.add(signal("Q_INTEGRATION_FAILED", {}));
  expect(tally.total).toBe(3);
  expect(tally.bySignal).toEqual({ Q_MODULE_INTEGRATED: 2, Q_INTEGRATION_FAILED: 1 });
  expect(tally.integrated).toEqual(["audio", "vision"]);
  expect(tally.initsCreated).toBe(1);
  expect(tally.failedIntegrations).toBe(1);
});

test("FlowTally counts how cycles ended and names what was deployed; progress is no event", () => {
  const tally = new FlowTally();
  tally.add(signal("Q_DREAM_PROGRESS", { run_tag: "r" }));
  tally.add(signal("Q_DREAM_COMPLETE", { success: true, outcome: "completed" }));
  tally.add(signal("Q_DREAM_COMPLETE", { success: false }));
  tally.add(signal("Q_DREAM_COMPLETE", { success: false, outcome: "coalesced" }));
  tally.add(signal("Q_WINNER_DEPLOYED", { winners: [{ experiment: "archive", keys: ["KLR_A", "KLR_B"] }] }));
  tally.add(signal("Q_WINNER_DEPLOYED", { winners_deployed: 1 }));
  expect(tally.total).toBe(5);
  expect(tally.cycles).toEqual({ completed: 1, failed: 1, coalesced: 1 });
  expect(tally.deployed).toEqual(["KLR_A (archive)", "KLR_B (archive)"]);
});
