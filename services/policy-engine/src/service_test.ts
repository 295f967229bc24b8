import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { makeTestHome, openTestBus, startForTest, until } from "@kloros/daemon/testing";
import type { TestBus, TestHome } from "@kloros/daemon/testing";
import {
  createChild,
  createRoot,
  DeploymentComplete,
  DreamTrigger,
  PromotionsDetected,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { openDecisions } from "./decisions/open_decisions.ts";
import { explainDecision } from "./decisions/explain.ts";
import { service } from "./service.ts";

let bus: TestBus;
let home: TestHome;
beforeEach(() => {
  bus = openTestBus();
  home = makeTestHome();
});
afterEach(async () => {
  await bus.close();
  home.remove();
});

const start = () => startForTest(service, { testBus: bus, testHome: home });

function promotions(ids: readonly string[]): Envelope {
  return createRoot(
    PromotionsDetected,
    {
      promotion_count: ids.length,
      unacknowledged_count: ids.length,
      oldest_promotion_age_hours: 1,
      promotions_path: "/p",
      promotion_ids: ids,
    },
    { source: "orchestrator-monitor", nowMs: Date.now() },
  );
}

async function triggers(): Promise<readonly Envelope[]> {
  const page = await bus.connect("cli").read({ signals: [DreamTrigger.name], limit: 100 });
  return page.items.map(({ envelope }) => envelope);
}

describe("policy-engine", () => {
  test("starts one cycle for a promotion that stays", async () => {
    const running = await start();
    const monitor = bus.connect("orchestrator-monitor");
    for (let n = 0; n < 5; n += 1) await monitor.publish([promotions(["a@1"])]);
    const last = promotions(["a@1"]);
    await monitor.publish([last]);
    await until("the last evaluation", () => openDecisions(home.paths).bySignal(last.id).length > 0);
    const fired = await triggers();
    expect(fired.map(({ facts }) => facts)).toEqual([
      {
        reason: "unacknowledged_promotions_detected",
        topic: null,
        promotion_count: 1,
        oldest_promotion_age_hours: 1,
        promotion_ids: ["a@1"],
        rule: "promotions-start-dream",
      },
    ]);
    console.log(openDecisions(home.paths).bySignal(last.id).flatMap(explainDecision));
    await running.stop();
    console.log(
      openDecisions(home.paths).rules(),
      readFileSync(home.paths.policyState, "utf8"),
      existsSync(home.paths.policies),
    );
  });
});
void createChild;
void DeploymentComplete;
