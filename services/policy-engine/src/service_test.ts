import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rulePauseName, writePause } from "@kloros/daemon";
import { makeTestHome, openTestBus, startForTest, until } from "@kloros/daemon/testing";
import type { TestBus, TestHome } from "@kloros/daemon/testing";
import type { Envelope } from "@kloros/signal-schema";
import type { Decisions } from "./decisions/decision_reader.ts";
import { openDecisions } from "./decisions/open_decisions.ts";
import { DEFAULT_RULES_TEXT } from "./rules/default_rules.ts";
import { service } from "./service.ts";
import { cycleEnd, promotions } from "./testing/rule_bench.ts";

let bus: TestBus;
let home: TestHome;
let stops: (() => Promise<void>)[];
beforeEach(() => {
  bus = openTestBus();
  home = makeTestHome();
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  await bus.close();
  home.remove();
});

async function start(
  options: Partial<Parameters<typeof startForTest<typeof service.manifest.config>>[1]> = {},
) {
  const running = await startForTest(service, {
    testBus: bus,
    testHome: home,
    config: { rulesLookMs: 100 },
    ...options,
  });
  stops.push(() => running.stop());
  return running;
}

const advise = (...ids: string[]): Envelope => promotions(ids, { atMs: Date.now() });

async function say(service: string, ...signals: readonly Envelope[]): Promise<void> {
  await bus.connect(service).publish(signals);
}

function look<T>(task: (decisions: Decisions) => T): T {
  const decisions = openDecisions(home.paths);
  try {
    return task(decisions);
  } finally {
    decisions.close();
  }
}

async function judged({ id }: Envelope) {
  return until("an evaluation", () => look((decisions) => decisions.bySignal(id)[0]));
}

async function triggers(): Promise<readonly Envelope[]> {
  const page = await bus.connect("cli").read({ signals: ["Q_DREAM_TRIGGER"], limit: 100 });
  return page.items.map(({ envelope }) => envelope);
}

describe("policy-engine", () => {
  test("starts one cycle for a promotion that stays, and the next for one that came meanwhile", async () => {
    await start();
    for (let n = 0; n < 3; n += 1) {
      const signal = advise("a@1");
      await say("orchestrator-monitor", signal);
      await judged(signal);
    }
    const both = advise("a@1", "b@1");
    await say("orchestrator-monitor", both);
    expect(await judged(both)).toMatchObject({ outcome: "held", control: "singleton", subjects: ["b@1"] });
    const [trigger] = await triggers();
    expect(trigger?.facts).toEqual({
      reason: "unacknowledged_promotions_detected",
      topic: null,
      promotion_count: 1,
      oldest_promotion_age_hours: 1.5,
      promotion_ids: ["a@1"],
      rule: "promotions-start-dream",
    });
    if (trigger === undefined) throw new Error("no trigger");
    const [complete, deployed] = cycleEnd(trigger, { atMs: Date.now(), success: true });
    await say("dream-consumer", complete);
    await say("winner-deployer", deployed);
    const next = await until("the next cycle", async () => (await triggers())[1]);
    expect(next.facts["promotion_ids"]).toEqual(["b@1"]);
    expect(look((decisions) => decisions.byTrigger(next.id))).toHaveLength(1);
  });

  test("shows what it remembers in policy_state.json", async () => {
    const running = await start();
    const signal = advise("a@1");
    await say("orchestrator-monitor", signal);
    await judged(signal);
    await running.stop();
    const view: unknown = JSON.parse(readFileSync(home.paths.policyState, "utf8"));
    expect(view).toMatchObject({
      rules_source: home.paths.policies,
      rules: {
        "promotions-start-dream": {
          fired_total: 1,
          cooling_until: { "a@1": expect.any(String) },
          running: { subjects: ["a@1"] },
        },
        "open-phase-window": { enabled: false, fired_total: 0, running: null },
      },
    });
  });

  test("takes changed rules while it runs, and keeps them when the file breaks", async () => {
    const running = await start();
    writeFileSync(
      home.paths.policies,
      DEFAULT_RULES_TEXT.replace("unacknowledged_count > 0", "unacknowledged_count > 1"),
    );
    await until("other rules", () => running.records.some(({ msg }) => msg === "other rules are in force"));
    const one = advise("a@1");
    await say("orchestrator-monitor", one);
    expect((await judged(one)).outcome).toBe("condition_false");
    writeFileSync(home.paths.policies, "version: 1\nrules: [");
    const reason = await until("the refusal", () => running.health.readyz()["rules"]);
    expect(reason).toContain("policies.yaml:2:9");
    const two = advise("a@1", "b@1");
    await say("orchestrator-monitor", two);
    expect((await judged(two)).outcome).toBe("fired");
  });

  test("lets a rule rest that is paused by name", async () => {
    await start();
    await writePause(home.paths, rulePauseName("promotions-start-dream"), {
      reason: "a visit",
      by: "olaf",
      nowMs: Date.now(),
    });
    const signal = advise("a@1");
    await say("orchestrator-monitor", signal);
    expect(await judged(signal)).toMatchObject({
      outcome: "held",
      control: "paused",
      reason: "the rule is paused by olaf: a visit",
    });
  });

  test("wakes itself when a debounce is over, also after a restart", async () => {
    const quick = DEFAULT_RULES_TEXT.replace("# debounce: 30s", "debounce: 400ms");
    writeFileSync(home.paths.policies, quick);
    const running = await start();
    const signal = advise("a@1");
    await say("orchestrator-monitor", signal);
    // The alarm's own evaluation of it may stand beside it already.
    const held = await until("the debounce", () =>
      look((decisions) => decisions.bySignal(signal.id).find(({ control }) => control === "debounce")),
    );
    expect(held.outcome).toBe("held");
    await until("the alarm", async () => (await triggers())[0]);
    const second = advise("b@1");
    const [trigger] = await triggers();
    if (trigger === undefined) throw new Error("no trigger");
    await say("winner-deployer", cycleEnd(trigger, { atMs: Date.now(), success: true })[1]);
    await say("orchestrator-monitor", second);
    await judged(second);
    await running.stop();
    await start();
    const next = await until("the alarm of the next engine", async () => (await triggers())[1]);
    expect(next.facts["promotion_ids"]).toEqual(["b@1"]);
  });

  test("waits in maintenance mode and drops nothing", async () => {
    writeFileSync(home.paths.maintenanceMarker, "");
    const running = await start();
    await say("orchestrator-monitor", advise("a@1"));
    await until("the rest", () => running.health.readyz()["maintenance"]);
    expect(await triggers()).toEqual([]);
    rmSync(home.paths.maintenanceMarker);
    await until("the trigger", async () => (await triggers())[0]);
  });

  test("decides and shows in observe mode, and writes nothing", async () => {
    const running = await start({ mode: "observe" });
    const shown: Envelope[] = [];
    await bus.connect("cli").tap({ signals: ["Q_DREAM_TRIGGER"] }, (signal) => void shown.push(signal));
    await say("orchestrator-monitor", advise("a@1"));
    const trigger = await until("the dry trigger", () => shown[0]);
    expect(trigger["dry"]).toBe(true);
    await say("orchestrator-monitor", advise("a@1"));
    await until("the second evaluation", () => running.records.some(({ outcome }) => outcome === "held"));
    expect(await triggers()).toEqual([]);
    const { policies, policyState, decisionLog } = home.paths;
    expect([policies, policyState, decisionLog].filter((path) => existsSync(path))).toEqual([]);
  });

  test("wakes itself in observe mode too", async () => {
    writeFileSync(home.paths.policies, DEFAULT_RULES_TEXT.replace("# debounce: 30s", "debounce: 100ms"));
    await start({ mode: "observe" });
    const shown: Envelope[] = [];
    await bus.connect("cli").tap({ signals: ["Q_DREAM_TRIGGER"] }, (signal) => void shown.push(signal));
    await say("orchestrator-monitor", advise("a@1"));
    await until("the dry trigger", () => shown[0]);
  });

  test("goes on deciding when its log is damaged while it runs", async () => {
    const running = await start();
    const before = advise("a@1");
    await say("orchestrator-monitor", before);
    await judged(before);
    await running.stop();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(home.paths.decisionLog + suffix, { force: true });
    writeFileSync(home.paths.decisionLog, "no database".repeat(1000));
    const again = await start();
    const signal = advise("a@1");
    await say("orchestrator-monitor", signal);
    expect((await judged(signal)).control).toBe("singleton");
    expect(again.records.some(({ msg }) => String(msg).includes("damaged"))).toBe(true);
    expect(look((decisions) => decisions.rules())?.source).toBe(home.paths.policies);
  });
});
