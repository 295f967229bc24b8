import { afterEach, describe, expect, test } from "bun:test";
import { makeTestHome, startForTest, until } from "@kloros/daemon/testing";
import type { TestService } from "@kloros/daemon/testing";
import { createRoot, DreamComplete, WinnerDecision } from "@kloros/signal-schema";
import { readFileSync, writeFileSync } from "node:fs";
import { listWinners } from "./list_winners.ts";
import type { config } from "./manifest.ts";
import { service } from "./service.ts";
import { WINNER } from "./testing/workbench.ts";

let running: TestService<typeof config> | undefined;
afterEach(async () => running?.stop());

const COMPLETION = createRoot(
  DreamComplete,
  {
    success: true,
    exit_code: 0,
    duration_s: 1,
    run_tag: "run1",
    trigger_reason: "r",
    trigger_topic: null,
    promotion_count: 1,
    winners: [{ ...WINNER, metrics: {} }],
  },
  { source: "dream-consumer", nowMs: Date.now() },
);

async function signalsOf(name: string, bus: ReturnType<TestService<typeof config>["testBus"]["connect"]>) {
  const { items } = await bus.read({ signals: [name] });
  return items.map(({ envelope }) => envelope);
}

describe("the service on a bus", () => {
  test("holds a winner, deploys it when a person approves, and answers each", async () => {
    const started = await startForTest(service, { config: { autonomyLevel: 0 } });
    running = started;
    const { paths, testBus } = started;
    writeFileSync(paths.environmentFile, "KLR_TTS_SPEED=1.0\n");
    const consumer = testBus.connect("dream-consumer");
    await consumer.publish([COMPLETION]);
    const complete = await until(
      "the cycle's answer",
      async () => (await signalsOf("Q_DEPLOYMENT_COMPLETE", consumer))[0],
    );
    expect(complete).toMatchObject({ cause: COMPLETION.id, facts: { held: 1, cycle_success: true } });
    expect(await listWinners(paths)).toMatchObject([{ state: "held" }]);

    const { experiment, hash } = WINNER;
    const decision = createRoot(
      WinnerDecision,
      { experiment, hash, decision: "approve" },
      { source: "operator", nowMs: Date.now() },
    );
    const operator = testBus.connect("operator");
    await operator.publish([decision]);
    const decided = await until(
      "the decision's answer",
      async () => (await signalsOf("Q_WINNER_DECIDED", operator))[0],
    );
    expect(decided).toMatchObject({ cause: decision.id, facts: { outcome: "done" } });
    expect(readFileSync(paths.environmentFile, "utf8")).toBe("KLR_TTS_SPEED=1.5\n");
    expect(await signalsOf("Q_WINNER_DEPLOYED", operator)).toHaveLength(1);
  });

  test("waits in maintenance mode and loses nothing", async () => {
    const testHome = makeTestHome();
    const { paths } = testHome;
    writeFileSync(paths.environmentFile, "KLR_TTS_SPEED=1.0\n");
    writeFileSync(paths.maintenanceMarker, "");
    const started = await startForTest(service, { testHome, config: { autonomyLevel: 2 } });
    running = { ...started, stop: async () => started.stop().finally(() => testHome.remove()) };
    const consumer = started.testBus.connect("dream-consumer");
    await consumer.publish([COMPLETION]);
    await consumer.ping();
    expect(readFileSync(paths.environmentFile, "utf8")).toBe("KLR_TTS_SPEED=1.0\n");
    expect(await signalsOf("Q_DEPLOYMENT_COMPLETE", consumer)).toEqual([]);
    await Bun.file(paths.maintenanceMarker).delete();
    await until("the deployment", async () => (await signalsOf("Q_WINNER_DEPLOYED", consumer))[0]);
    expect(readFileSync(paths.environmentFile, "utf8")).toBe("KLR_TTS_SPEED=1.5\n");
  });
});
