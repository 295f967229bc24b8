/** D-REAM from a promotion to a deployed winner, and every way that does not lead to one: each ends, within the rules. */
import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createRoot, WinnerDecision } from "@kloros/signal-schema";
import { checkDream, promotionsOf, stemOf } from "./dream/check_dream.ts";
import { DreamHarness, type DreamOptions } from "./dream/dream_harness.ts";
import { readDreamLeft } from "./dream/dream_left.ts";
import { behave, EXPERIMENT, KEY, offer } from "./dream/experiment.ts";

const LIMIT_MS = 240_000;

let dream: DreamHarness | undefined;
afterEach(async () => {
  await dream?.remove();
  dream = undefined;
});

async function begin(options: DreamOptions = {}): Promise<DreamHarness> {
  dream = new DreamHarness(options);
  dream.start();
  await dream.ready();
  return dream;
}

interface End {
  readonly environment?: Readonly<Record<string, string>>;
  readonly parked?: ReadonlySet<string>;
}

async function proven(of: DreamHarness, end: End): Promise<void> {
  await of.stop();
  expect(checkDream(await readDreamLeft(of), { promotions: of.promotions, ...end })).toEqual([]);
  expect(of.cycleProcesses()).toEqual([]);
}

test(
  "a promotion leads to one cycle, its winner's value stands in the environment file, and the advisories stop",
  async () => {
    const one = await begin();
    one.drop("first");
    await one.settle();
    const [triggers, completes, deployed] = await Promise.all(
      ["Q_DREAM_TRIGGER", "Q_DREAM_COMPLETE", "Q_WINNER_DEPLOYED"].map((name) => one.said(name)),
    );
    expect(triggers?.length).toBe(1);
    expect(triggers?.flatMap(promotionsOf).map(stemOf)).toEqual(["first"]);
    expect(completes?.[0]?.facts).toMatchObject({ success: true, exit_code: 0, outcome: "completed" });
    expect(deployed?.[0]?.facts["winners"]).toMatchObject([{ experiment: EXPERIMENT, keys: [KEY] }]);
    const advisories = await one.said("Q_PROMOTIONS_DETECTED");
    // Longer than the interval of the advisory.
    await Bun.sleep(1500);
    expect((await one.said("Q_PROMOTIONS_DETECTED")).length).toBe(advisories.length);
    await proven(one, { environment: { [KEY]: "4" } });
  },
  LIMIT_MS,
);

test(
  "a promotion that stays for a long cycle starts one, however often it is reported",
  async () => {
    const one = await begin({
      experiment: { behaviour: "slow", values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
    });
    one.drop("first");
    await one.heard("Q_PROMOTIONS_DETECTED", 3);
    await one.settle();
    expect((await one.said("Q_DREAM_TRIGGER")).length).toBe(1);
    await proven(one, { environment: { [KEY]: "12" } });
  },
  LIMIT_MS,
);

test(
  "what brings nothing new is acknowledged and deploys nothing twice",
  async () => {
    const one = await begin();
    one.drop("first");
    await one.settle();
    one.drop("second");
    await one.settle();
    const ends = await one.said("Q_DEPLOYMENT_COMPLETE");
    expect(ends.map(({ facts }) => facts)).toMatchObject([
      { deployed: 1, skipped: 0, cycle_success: true },
      { deployed: 0, skipped: 1, cycle_success: true },
    ]);
    await proven(one, { environment: { [KEY]: "4" } });
  },
  LIMIT_MS,
);

test(
  "cycles that fail come again after the cooldown, and after three the promotion is parked",
  async () => {
    const one = await begin({ experiment: { behaviour: "exits" }, settings: { cooldown: "5s" } });
    one.drop("first");
    await one.settle();
    const completes = await one.said("Q_DREAM_COMPLETE");
    expect(completes.map(({ facts }) => facts["outcome"])).toEqual(["failed", "failed", "failed"]);
    expect(one.parked()).toContain("first.json");
    expect((await one.said("Q_DREAM_TRIGGER")).length).toBe(3);
    await proven(one, { parked: new Set(["first"]) });
  },
  LIMIT_MS,
);

test(
  "a winner below the needed level is held: the promotion ends, and approving it deploys it",
  async () => {
    const one = await begin({ settings: { autonomyLevel: 0 } });
    one.drop("first");
    await one.settle();
    const [end] = await one.said("Q_DEPLOYMENT_COMPLETE");
    expect(end?.facts).toMatchObject({ deployed: 0, held: 1, cycle_success: true });
    expect((await one.said("Q_DREAM_TRIGGER")).length).toBe(1);
    expect(one.environment()).toContain(`${KEY}=0`);
    const [complete] = await one.said("Q_DREAM_COMPLETE");
    const winners = (complete?.facts["winners"] ?? []) as readonly { experiment: string; hash: string }[];
    const [winner] = winners;
    const decision = {
      experiment: winner?.experiment ?? "",
      hash: winner?.hash ?? "",
      decision: "approve",
    } as const;
    await one.operator.publish([
      createRoot(WinnerDecision, decision, { source: "operator", nowMs: Date.now() }),
    ]);
    const [decided] = await one.heard("Q_WINNER_DECIDED");
    expect(decided?.facts).toMatchObject({ outcome: "done", keys: [KEY] });
    await one.settle();
    await proven(one, { environment: { [KEY]: "4" } });
  },
  LIMIT_MS,
);

describe("a promotion that comes in the middle of a cycle", () => {
  const slow = { experiment: { behaviour: "slow", values: [1, 2, 3, 4, 5, 6] } } as const;

  test(
    "is not acknowledged unseen, and gets a cycle of its own",
    async () => {
      const one = await begin(slow);
      one.drop("first");
      await one.until("the cycle to run", () => one.cycleProcesses().length > 0);
      one.drop("second");
      const [end] = await one.heard("Q_DEPLOYMENT_COMPLETE");
      expect(end === undefined ? [] : promotionsOf(end).map(stemOf)).toEqual(["first"]);
      await one.until("the first to be acknowledged", () => one.acknowledged().includes("first.json"));
      expect(one.waiting()).toEqual(["second.json"]);
      await one.settle();
      const considered = (await one.said("Q_DREAM_TRIGGER")).map((trigger) =>
        promotionsOf(trigger).map(stemOf),
      );
      expect(considered).toEqual([["first"], ["second"]]);
      await proven(one, { environment: { [KEY]: "6" } });
    },
    LIMIT_MS,
  );

  test(
    "under a name that is being considered is another promotion",
    async () => {
      const one = await begin(slow);
      one.drop("first", { fitness: 0.1 });
      await one.until("the cycle to run", () => one.cycleProcesses().length > 0);
      one.drop("first", { fitness: 0.9 });
      await one.heard("Q_DEPLOYMENT_COMPLETE");
      expect(one.waiting()).toEqual(["first.json"]);
      await one.settle();
      const considered = (await one.said("Q_DREAM_TRIGGER")).flatMap(promotionsOf);
      expect(considered.map(stemOf)).toEqual(["first", "first"]);
      expect(new Set(considered).size).toBe(2);
      await proven(one, { environment: { [KEY]: "6" } });
    },
    LIMIT_MS,
  );
});

test(
  "a winner that does not stand the validation is taken back byte for byte",
  async () => {
    const one = await begin({ settings: { validation: ["false"] } });
    one.drop("first");
    await one.settle();
    const [failed] = await one.said("Q_DEPLOYMENT_FAILED");
    expect(failed?.facts["winners"]).toMatchObject([{ experiment: EXPERIMENT, rolled_back: true }]);
    expect((await one.said("Q_DREAM_TRIGGER")).length).toBe(1);
    await proven(one, {});
  },
  LIMIT_MS,
);

test(
  "in maintenance mode nothing starts and nothing is dropped; afterwards it goes on",
  async () => {
    const one = new DreamHarness();
    dream = one;
    writeFileSync(one.paths.maintenanceMarker, "");
    one.start();
    // The others say that they rest.
    await one.ready(["chemical-bus", "orchestrator-monitor"]);
    one.drop("first");
    await one.heard("Q_PROMOTIONS_DETECTED");
    await Bun.sleep(1500);
    expect((await one.said("Q_DREAM_COMPLETE")).length).toBe(0);
    expect(one.waiting()).toEqual(["first.json"]);
    await Bun.file(one.paths.maintenanceMarker).delete();
    await one.settle();
    await proven(one, { environment: { [KEY]: "4" } });
  },
  LIMIT_MS,
);

test(
  "a better candidate that is offered later is found by the next cycle and replaces the value",
  async () => {
    const one = await begin();
    one.drop("first");
    await one.settle();
    offer(one.paths, [2, 9, 5]);
    behave(one.paths, "good");
    one.drop("second");
    await one.settle();
    await proven(one, { environment: { [KEY]: "9" } });
  },
  LIMIT_MS,
);
