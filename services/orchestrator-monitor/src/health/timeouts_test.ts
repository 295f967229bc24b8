import { afterEach, beforeEach, expect, test } from "bun:test";
import { createRoot, DreamTimeout, InvestigationTimeout, type Envelope } from "@kloros/signal-schema";
import { createBusPass } from "./bus_pass.ts";
import { recentSignals } from "./recent_signals.ts";
import { TIMEOUT_SIGNALS, timeoutsProbe } from "./timeouts.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const REQUEST = "019a81ea-3040-7000-8000-000000000001";

async function timeOut(question_id: string): Promise<Envelope> {
  const facts = { question_id, timeout_seconds: 600, suggested_action: "ask again" };
  const signal = createRoot(InvestigationTimeout, facts, {
    source: "chemical-bus",
    nowMs: post.clock.wallMs(),
  });
  await post.testBus.connect("chemical-bus").publish([signal]);
  return signal;
}

function watch() {
  const bus = post.testBus.connect("orchestrator-monitor");
  const books = createBusPass(bus, post.clock, -1);
  return post.check(timeoutsProbe(healthSettings(), recentSignals(bus, books, TIMEOUT_SIGNALS)));
}

test("a timeout is one alert with advice, however often it is told, and over when it is long ago", async () => {
  const check = watch();
  await check.look();
  const signal = await timeOut("discover.module.audio");
  await check.lookBecause(signal);
  await check.lookBecause(signal);
  // A monitor that is started again finds it in the journal.
  const after = watch();
  await after.look();
  expect(storyOf(await post.alerts())).toEqual(["raised warning timeouts:investigation"]);
  post.clock.advance(3_600_000);
  await after.look();
  const alerts = await post.alerts();
  expect(storyOf(alerts)).toEqual([
    "raised warning timeouts:investigation",
    "cleared info timeouts:investigation",
  ]);
  expect(alerts[0]).toMatchObject({
    metric_value: 1,
    recommended_action: "kloros logs investigation-consumer",
    details: { message: "not answered in time: discover.module.audio", suggestions: ["ask again"] },
  });
});

test("many timeouts are one alert that gets worse, not many", async () => {
  const check = watch();
  for (let n = 0; n < 51; n += 1) await check.lookBecause(await timeOut(`question ${n}`));
  expect(storyOf(await post.alerts())).toEqual([
    "raised warning timeouts:investigation",
    "changed critical timeouts:investigation",
  ]);
});

test("a D-REAM cycle that timed out is an alert of its own", async () => {
  const facts = { timeout_seconds: 1800, suggested_action: "look at its last run", request_id: REQUEST };
  const signal = createRoot(DreamTimeout, facts, { source: "chemical-bus", nowMs: post.clock.wallMs() });
  await watch().lookBecause(signal);
  const [alert] = await post.alerts();
  expect(alert?.key).toBe("timeouts:dream");
  expect(alert?.details?.message).toContain(REQUEST);
});

test("a journal without timeouts tells nothing", async () => {
  await watch().look();
  expect(await post.alerts()).toEqual([]);
});
