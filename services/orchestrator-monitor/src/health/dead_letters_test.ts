import { afterEach, beforeEach, expect, test } from "bun:test";
import { until } from "@kloros/daemon/testing";
import { createRoot, IntegrationFailed, RunScanner } from "@kloros/signal-schema";
import { createBusPass } from "./bus_pass.ts";
import { deadLettersProbe } from "./dead_letters.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

test("more than ten dead letters warn, more than a hundred are critical, and retried ones count no more", async () => {
  const bus = post.testBus.connect("intent-router");
  let works = false;
  await bus.consume(
    { name: "intent-router", signals: [RunScanner.name], start: { from: "earliest" }, attemptsMax: 1 },
    async () => {
      if (!works) throw new Error("cannot be done");
      return undefined;
    },
  );
  const deadLetters = async (): Promise<number> => (await bus.admin("status", {})).deadLetters;
  const check = post.check(deadLettersProbe(healthSettings(), createBusPass(bus, post.clock, 0)));
  let published = 0;
  const lookAt = async (count: number): Promise<void> => {
    const scans = Array.from({ length: Math.max(0, count - published) }, (_, n) =>
      createRoot(
        RunScanner,
        { scanner: `disk ${published + n}` },
        { source: "intent-router", nowMs: Date.now() },
      ),
    );
    published += scans.length;
    if (scans.length > 0) await bus.publish(scans);
    await until(`${count} dead letters`, async () => (await deadLetters()) === count);
    post.clock.advance(60_000);
    await check.look();
  };
  for (const count of [0, 10, 11, 11, 101]) await lookAt(count);
  works = true;
  for (const { n } of await bus.admin("deadLetters", { limit: 1000 }))
    await bus.admin("retryDeadLetter", { n });
  await lookAt(0);
  const alerts = await post.alerts();
  expect(storyOf(alerts)).toEqual([
    "raised warning dead_letters",
    "changed critical dead_letters",
    "cleared info dead_letters",
  ]);
  expect(alerts.map(({ metric_value }) => metric_value)).toEqual([11, 101, 0]);
  expect(alerts[0]?.recommended_action).toBe("kloros dlq list");
});

test("reports of errors are no dead letters", async () => {
  const bus = post.testBus.connect("capability-integrator");
  const [example] = IntegrationFailed.examples;
  if (example === undefined) throw new Error("no example");
  const reports = Array.from({ length: 20 }, (_, n) =>
    createRoot(
      IntegrationFailed,
      { ...example, capability_key: `undiscovered.m${n}` },
      { source: "capability-integrator", nowMs: n },
    ),
  );
  await bus.publish(reports);
  expect((await bus.admin("deadLetters", { limit: 100 })).length).toBe(20);
  await post.check(deadLettersProbe(healthSettings(), createBusPass(bus, post.clock, 0))).look();
  expect(storyOf(await post.alerts())).toEqual([]);
});
