import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { removePause, writePause } from "@kloros/daemon";
import {
  createChild,
  createRoot,
  DreamComplete,
  DreamTimeout,
  DreamTrigger,
  type Envelope,
  type FactsOf,
} from "@kloros/signal-schema";
import { createBusPass } from "./bus_pass.ts";
import { cyclesOf, failedInARow } from "./dream_cycles.ts";
import { DREAM_SIGNALS, dreamFailingProbe } from "./dream_failing.ts";
import { recentSignals } from "./recent_signals.ts";
import { restOf } from "./rest.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
/** Whether promotions do. */
let waits: boolean | undefined = false;
beforeEach(() => {
  waits = false;
  post = openWatchPost();
});
afterEach(() => post.remove());

type Outcome = NonNullable<FactsOf<typeof DreamComplete>["outcome"]>;

function trigger(): Envelope {
  const facts = { reason: "tests", topic: null, promotion_count: 1 };
  return createRoot(DreamTrigger, facts, { source: "policy-engine", nowMs: post.clock.wallMs() });
}

function answer(to: Envelope, outcome: Outcome): Envelope {
  const facts = {
    success: outcome === "completed",
    exit_code: outcome === "completed" ? 0 : 1,
    duration_s: 1,
    run_tag: null,
    trigger_reason: "tests",
    trigger_topic: null,
    promotion_count: 1,
    outcome,
  };
  const nowMs = post.clock.wallMs();
  return createChild(to, DreamComplete, facts, {
    source: "dream-consumer",
    consumer: "dream-consumer",
    nowMs,
  });
}

function timeout(of: Envelope): Envelope {
  const facts = { timeout_seconds: 1800, suggested_action: "look", request_id: of.id };
  return createRoot(DreamTimeout, facts, { source: "chemical-bus", nowMs: post.clock.wallMs() });
}

function watch() {
  const bus = post.testBus.connect("orchestrator-monitor");
  const { clock, home } = post;
  const recent = recentSignals(bus, createBusPass(bus, clock, -1), DREAM_SIGNALS);
  const sources = { recent, promotionsWait: () => waits, rest: restOf(home.paths), clock };
  return post.check(dreamFailingProbe(healthSettings(), sources));
}

const story = async (): Promise<readonly string[]> => storyOf(await post.alerts());

describe("D-REAM that fails", () => {
  /** Each in the journal and told, as it happens. */
  async function end(check: ReturnType<typeof watch>, ...outcomes: readonly Outcome[]): Promise<void> {
    for (const outcome of outcomes) {
      post.clock.advance(60_000);
      const asked = trigger();
      const answered = answer(asked, outcome);
      await post.testBus.connect("policy-engine").publish([asked]);
      await post.testBus.connect("dream-consumer").publish([answered]);
      await check.lookBecause(answered);
    }
  }

  test("three times in a row is an alert until a cycle succeeds, also over a restart", async () => {
    await end(watch(), "failed", "timeout", "completed", "failed", "coalesced", "failed");
    expect(await story()).toEqual([]);
    const check = watch();
    await end(check, "refused", "failed", "failed");
    expect(await story()).toEqual(["raised critical dream:failing"]);
    await end(check, "completed");
    expect(await story()).toEqual(["raised critical dream:failing", "cleared info dream:failing"]);
  });

  test("counts a cycle once, and a late success instead of its timeout", () => {
    const [first, second, third] = [trigger(), trigger(), trigger()];
    const all = [
      answer(first, "failed"),
      timeout(second),
      answer(second, "failed"),
      timeout(third),
      timeout(third),
    ];
    expect(failedInARow(cyclesOf([...all, ...all]))).toHaveLength(3);
    expect(failedInARow(cyclesOf([...all, answer(third, "completed")]))).toEqual([]);
    expect(failedInARow(cyclesOf([]))).toEqual([]);
  });
});

test("a success counts also when the clock was set back before it", () => {
  const failed = [1, 2, 3].map(() => answer(trigger(), "failed"));
  post.clock.advance(-3_600_000);
  expect(failedInARow(cyclesOf([...failed, answer(trigger(), "completed")]))).toEqual([]);
});

describe("promotions that wait in vain", () => {
  const hours = async (check: ReturnType<typeof watch>, count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      post.clock.advance(3_600_000);
      await check.look();
    }
  };

  test("for more than two hours are an alert until a cycle ends, also over a restart", async () => {
    const check = watch();
    waits = true;
    await check.look();
    await hours(check, 2);
    expect(await story()).toEqual([]);
    await hours(check, 1);
    await hours(watch(), 2);
    expect(await story()).toEqual(["raised warning dream:starving"]);
    const after = watch();
    await after.lookBecause(answer(trigger(), "failed"));
    expect(await story()).toEqual(["raised warning dream:starving", "cleared info dream:starving"]);
    await hours(after, 2);
    expect(await story()).toHaveLength(2);
  });

  test("are not over because nobody has looked yet", async () => {
    const check = watch();
    waits = true;
    await check.look();
    await hours(check, 3);
    waits = undefined;
    const after = watch();
    await after.look();
    waits = true;
    await hours(after, 1);
    expect(await story()).toEqual(["raised warning dream:starving"]);
  });

  test("that are worked on, come and go, or wait because somebody wished it, are fine", async () => {
    const check = watch();
    waits = true;
    await check.look();
    await hours(check, 2);
    await check.lookBecause(answer(trigger(), "completed"));
    await hours(check, 2);
    waits = false;
    await hours(check, 1);
    waits = true;
    await hours(check, 2);
    await writePause(post.home.paths, "policy-engine", { reason: "tests", by: "tester", nowMs: Date.now() });
    await hours(check, 5);
    removePause(post.home.paths, "policy-engine");
    await hours(check, 2);
    expect(await story()).toEqual([]);
  });
});
