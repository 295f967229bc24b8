import { afterEach, beforeEach, expect, test } from "bun:test";
import { healthSocketPath } from "@kloros/daemon";
import { recordingLog, startForTest, until } from "@kloros/daemon/testing";
import { createChild, createRoot, DreamComplete, DreamTrigger, HealthAlert } from "@kloros/signal-schema";
import { existsSync, readdirSync } from "node:fs";
import { createCheckRunner } from "../check_runner.ts";
import { service } from "../mod.ts";
import { healthChecks } from "./health_checks.ts";
import type { Machine } from "./machine.ts";
import { healthSettings, openWatchPost, rootOf, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const GIB = 1024 ** 3;

/** Readings of a machine that has little to do, so that what else runs on this one does not matter. */
const IDLE_MACHINE: Machine = {
  memory: async () => ({ usedBytes: GIB, totalBytes: 24 * GIB }),
  swap: async () => ({ usedBytes: 0, totalBytes: 0 }),
  load: () => ({ load5: 0.12, cores: 2 }),
  disks: async ([path = ""]) => [{ path, usedBytes: 23 * GIB, availableBytes: 80 * GIB }],
  gpus: async () => [],
};

const SERVICES = ["investigation-consumer", "dream-consumer", "policy-engine", "winner-deployer"] as const;

/** Every service is on the bus, says that it is fit, and has done a little work. */
async function startInstallation() {
  const servers = SERVICES.map((name) =>
    Bun.serve({ unix: healthSocketPath(post.home.paths, name), fetch: () => Response.json({ ok: true }) }),
  );
  for (const name of SERVICES) {
    const bus = post.testBus.connect(name);
    await bus.consume(
      { name, signals: [DreamTrigger.name], start: { from: "earliest" } },
      async () => undefined,
    );
  }
  const nowMs = post.clock.wallMs();
  const [facts] = DreamComplete.examples;
  if (facts === undefined) throw new Error("no example");
  const trigger = createRoot(
    DreamTrigger,
    { reason: "tests", topic: null, promotion_count: 1 },
    { source: "policy-engine", nowMs },
  );
  const consumer = "dream-consumer";
  const answer = createChild(trigger, DreamComplete, facts, { source: consumer, consumer, nowMs });
  await post.testBus.connect("policy-engine").publish([trigger]);
  await post.testBus.connect("dream-consumer").publish([answer]);
  return { stop: () => Promise.all(servers.map((server) => server.stop(true))) };
}

function startChecks(said: ReturnType<typeof recordingLog>, status: (text: string) => void) {
  const bus = post.testBus.connect("orchestrator-monitor");
  const context = {
    manifest: { name: "orchestrator-monitor" },
    paths: post.home.paths,
    mode: "act" as const,
    log: said.log,
    clock: post.clock,
    root: rootOf,
    bus,
    status,
  };
  const options = { config: healthSettings(), promotionsWait: () => false, machine: IDLE_MACHINE };
  return healthChecks(context, options).map((check) =>
    createCheckRunner(check, { publish: async (signals) => void (await bus.publish(signals)), gatherMs: 1 }),
  );
}

test("a healthy, idle machine raises nothing and writes nothing in a day", async () => {
  const said = recordingLog("orchestrator-monitor");
  const installation = await startInstallation();
  try {
    const statuses: string[] = [];
    const checks = startChecks(said, (text) => void statuses.push(text));
    const before = readdirSync(post.home.paths.state);
    for (let minute = 0; minute < 24 * 60; minute += 60) {
      for (const look of [1, 2]) {
        await Promise.all(checks.map((check) => check.look()));
        post.clock.advance(look * 60_000);
      }
      post.clock.advance(57 * 60_000);
    }
    expect(storyOf(await post.alerts())).toEqual([]);
    expect(readdirSync(post.home.paths.state)).toEqual(before);
    expect(said.records).toEqual([]);
    expect(statuses).toEqual(["no health alerts"]);
  } finally {
    await installation.stop();
  }
});

test("the service itself tells that another one is gone, and that it is back", async () => {
  const health = healthSettings({ intervalMs: 20, silentMaxMs: 50 });
  const running = await startForTest(service, { config: { health } });
  try {
    const reader = running.testBus.connect("operator");
    const told = async (): Promise<readonly string[]> => {
      const { items } = await reader.read({ signals: [HealthAlert.name] });
      const about = items.filter(({ envelope }) => envelope.facts["key"] === "silent:dream-consumer");
      return about.map(({ envelope }) => String(envelope.facts["state"]));
    };
    const consume = async () => {
      const bus = running.testBus.connect("dream-consumer");
      const spec = { name: "dream-consumer", signals: [DreamTrigger.name], start: { from: "now" } } as const;
      await bus.consume(spec, async () => undefined);
      return bus;
    };
    const first = await consume();
    await first.close();
    await until("the alert", async () => (await told()).includes("raised"));
    await consume();
    await until("its end", async () => (await told()).includes("cleared"));
    const states = await told();
    expect(states.filter((state) => state !== "changed")).toEqual(["raised", "cleared"]);
    expect(existsSync(`${running.paths.state}/orchestrator-monitor.alerts.json`)).toBe(true);
  } finally {
    await running.stop();
  }
});
