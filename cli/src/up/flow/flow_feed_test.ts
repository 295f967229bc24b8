import { expect, test } from "bun:test";
import { openLocalBus } from "@kloros/bus-client";
import { Broker } from "@kloros/journal";
import { createRoot, CuriosityInvestigate, type Envelope, IntentReady } from "@kloros/signal-schema";
import { FlowFeed } from "./flow_feed.ts";

function question(n: number): Envelope {
  return createRoot(
    CuriosityInvestigate,
    { question: `${n}?`, question_id: `q${n}`, priority: "normal", evidence: [] },
    { source: "curiosity-core", nowMs: n },
  );
}

const ready = createRoot(
  IntentReady,
  { file: "a.json", intent_type: "x", priority: "normal", age_s: 0 },
  { source: "intent-router", nowMs: 0 },
);

test("FlowFeed hands on each signal of a run once: from before it stood, live, and announced only", async () => {
  const broker = new Broker({ path: ":memory:" });
  const bus = openLocalBus({ broker, service: "curiosity-core" });
  try {
    const old = question(1);
    await bus.publish([old]);
    const { lastSeq } = await bus.admin("status", {});
    const early = [question(2), question(3)];
    await bus.publish(early);

    const seen: Envelope[] = [];
    const feed = new FlowFeed(bus, (signal) => seen.push(signal));
    await feed.start(lastSeq);
    const live = question(4);
    await bus.publish([live]);
    await feed.catchUp();
    await feed.catchUp();
    expect(new Set(seen.map(({ id }) => id))).toEqual(new Set([...early, live].map(({ id }) => id)));
    expect(feed.count).toBe(3);
    await feed.stop();
  } finally {
    await bus.close();
    broker.close();
  }
});

test("a live feed that loses signals is made good by the history, page by page", async () => {
  const broker = new Broker({ path: ":memory:" });
  const bus = openLocalBus({ broker, service: "curiosity-core" });
  try {
    const deaf = { tap: async () => Promise.resolve({ close: async () => Promise.resolve() }) };
    const seen: string[] = [];
    const feed = new FlowFeed({ tap: deaf.tap, read: async (query) => bus.read(query) }, (signal) =>
      seen.push(signal.id),
    );
    await feed.start(0);
    const all = Array.from({ length: 1200 }, (_, n) => question(n));
    for (let at = 0; at < all.length; at += 400) await bus.publish(all.slice(at, at + 400));
    await Promise.all([feed.catchUp(), feed.catchUp()]);
    expect(seen).toEqual(all.map(({ id }) => id));
  } finally {
    await bus.close();
    broker.close();
  }
});

test("signals that are only announced are handed on too", async () => {
  const handed: Envelope[] = [];
  let live: (signal: Envelope) => void = () => undefined;
  const feed = new FlowFeed(
    {
      tap: async (_filter, onSignal) => {
        live = onSignal;
        return Promise.resolve({ close: async () => Promise.resolve() });
      },
      read: async () => Promise.resolve({ items: [], next: null }),
    },
    (signal) => handed.push(signal),
  );
  await feed.start(0);
  live(ready);
  live(ready);
  expect(handed).toEqual([ready]);
});
