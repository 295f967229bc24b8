import { afterEach, beforeEach, expect, test } from "bun:test";
import { writePause } from "@kloros/daemon";
import { createRoot, RunScanner } from "@kloros/signal-schema";
import { createBusPass } from "./bus_pass.ts";
import { consumerLagProbe } from "./consumer_lag.ts";
import { restOf } from "./rest.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

/** A consumer that takes nothing until the test lets it, and so many signals for it. */
async function slowConsumer(name: string, count: number) {
  const bus = post.testBus.connect(name);
  const gate = Promise.withResolvers<undefined>();
  const consume = () =>
    bus.consume(
      { name, signals: [RunScanner.name], start: { from: "earliest" }, concurrency: 8 },
      () => gate.promise,
    );
  await consume();
  const scans = Array.from({ length: count }, () =>
    createRoot(RunScanner, { scanner: "disk" }, { source: "intent-router", nowMs: Date.now() }),
  );
  await post.testBus.connect("intent-router").publish(scans);
  return { goOn: () => gate.resolve(undefined) };
}

function lagCheck(settings = healthSettings()) {
  const bus = post.testBus.connect("orchestrator-monitor");
  const books = createBusPass(bus, post.clock, -1);
  return { books, check: post.check(consumerLagProbe(settings, books, restOf(post.home.paths))) };
}

test("a consumer that too much waits for is an alert until it has caught up", async () => {
  const { goOn } = await slowConsumer("dream-consumer", 4);
  const { check, books } = lagCheck(healthSettings({ lagOpenMax: 3 }));
  await check.look();
  goOn();
  while (((await books())?.consumers[0]?.open ?? 0) > 0) await Bun.sleep(1);
  post.clock.advance(60_000);
  await check.look();
  const alerts = await post.alerts();
  expect(storyOf(alerts)).toEqual([
    "raised warning backlog:dream-consumer",
    "cleared info backlog:dream-consumer",
  ]);
  expect(alerts[0]?.details?.suggestions).toEqual(["kloros logs dream-consumer"]);
});

test("a signal that has waited for too long is an alert", async () => {
  const { goOn } = await slowConsumer("dream-consumer", 1);
  const { check, books } = lagCheck(healthSettings({ lagAgeMaxMs: 5 }));
  while (((await books())?.consumers[0]?.oldestAgeMs ?? 0) <= 5) await Bun.sleep(1);
  await check.look();
  expect(storyOf(await post.alerts())).toEqual(["raised warning lag:dream-consumer"]);
  goOn();
});

test("what waits for a paused service, or a little while, is fine", async () => {
  const { goOn } = await slowConsumer("dream-consumer", 4);
  await lagCheck().check.look();
  await writePause(post.home.paths, "dream-consumer", { reason: "tests", by: "tester", nowMs: Date.now() });
  await lagCheck(healthSettings({ lagOpenMax: 3, lagAgeMaxMs: 0 })).check.look();
  expect(await post.alerts()).toEqual([]);
  goOn();
});
