import { afterEach, describe, expect, test } from "bun:test";
import {
  CuriosityInvestigate,
  HealthAlert,
  IntentReady,
  InvestigationComplete,
  createChild,
  createRoot,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Broker } from "./broker.ts";
import { TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const WORKER = {
  name: "investigation-consumer",
  signals: ["Q_CURIOSITY_INVESTIGATE"],
  start: { from: "now" },
} as const;

let open: Broker | undefined;
afterEach(() => {
  if (open === undefined) return;
  expect(checkJournal(open)).toEqual([]);
  open.close();
  open = undefined;
});

function start(): ReturnType<typeof testBroker> & { router: TestClient; worker: TestClient } {
  const made = testBroker();
  open = made.broker;
  return {
    ...made,
    router: new TestClient(made.broker, "intent-router"),
    worker: new TestClient(made.broker, "investigation-consumer"),
  };
}

function question(n: number, priority: "normal" | "critical" = "normal"): Envelope {
  const facts = {
    ...CuriosityInvestigate.examples[0],
    question: `question ${n}`,
    question_id: `q.${n}`,
    priority,
  };
  return createRoot(CuriosityInvestigate, facts as never, {
    source: "intent-router",
    nowMs: 1_763_856_000_000 + n,
  });
}

const text = (envelope: Envelope): string => JSON.stringify(envelope);

function answer(parent: Envelope): Envelope {
  const facts = InvestigationComplete.examples[0] as never;
  return createChild(parent, InvestigationComplete, facts, {
    source: "investigation-consumer",
    consumer: "investigation-consumer",
    nowMs: 1_763_856_001_000,
  });
}

describe("publish()", () => {
  test("stores a signal once when its id repeats, also with another timestamp", async () => {
    const { router } = start();
    const first = question(1);
    const again = { ...first, timestamp: "2026-01-01T00:00:00.000Z" };
    expect(await router.now(router.session.publish([text(first)]))).toEqual([{ status: "stored", seq: 1 }]);
    expect(await router.now(router.session.publish([text(first), text(again)]))).toEqual([
      { status: "duplicate", seq: 1 },
      { status: "duplicate", seq: 1 },
    ]);
  });

  test("keeps the first of two bodies under one id and calls the second a conflict", async () => {
    const { router } = start();
    const first = question(1);
    await router.now(router.session.publish([text(first)]));
    const other = { ...question(2), id: first.id, trace: first.id };
    const [result] = await router.now(router.session.publish([text(other)]));
    expect(result).toMatchObject({ status: "conflict", seq: 1 });
  });

  test("refuses a bad signal and stores its neighbours", async () => {
    const { router } = start();
    const results = await router.now(router.session.publish([text(question(1)), "{}", text(question(2))]));
    expect(results.map((r) => r.status)).toEqual(["stored", "invalid", "stored"]);
  });

  test("refuses a signal in another service's name", async () => {
    const { router } = start();
    const [result] = await router.now(
      router.session.publish([text({ ...question(1), source: "curiosity-core" })]),
    );
    expect(result).toMatchObject({ status: "invalid", code: "identity" });
  });

  test("announces a live signal without storing it", async () => {
    const { broker, router } = start();
    const heard: string[] = [];
    broker.onLive((name) => heard.push(name));
    const live = createRoot(IntentReady, IntentReady.examples[0] as never, {
      source: "intent-router",
      nowMs: 1,
    });
    expect(await router.now(router.session.publish([text(live)]))).toEqual([{ status: "announced" }]);
    expect(heard).toEqual(["Q_INTENT_READY"]);
    expect(broker.lastSeq).toBe(0);
  });

  test("announces what observe mode only shows, and stores none of it", async () => {
    const { broker, router, worker } = start();
    await worker.attach(WORKER);
    const heard: string[] = [];
    broker.onLive((name, body) => heard.push(name, body));
    const dry = text({ ...question(1), dry: true });
    expect(await router.now(router.session.publish([dry]))).toEqual([{ status: "announced" }]);
    expect(heard).toEqual(["Q_CURIOSITY_INVESTIGATE", dry]);
    expect(worker.take(WORKER.name)).toEqual([]);
    expect(broker.lastSeq).toBe(0);
  });
});

describe("attach()", () => {
  test("starts at the earliest signal when asked to, else at the next one", async () => {
    const { router, worker, broker } = start();
    await router.now(router.session.publish([text(question(1)), text(question(2))]));
    await worker.attach({ ...WORKER, start: { from: "earliest" } });
    expect(worker.take(WORKER.name).map((d) => d.seq)).toEqual([1, 2]);
    const late = new TestClient(broker, "semantic-dedup");
    await late.attach({ ...WORKER, name: "semantic-dedup" });
    expect(late.take("semantic-dedup")).toEqual([]);
  });

  test("refuses a second live instance and names the holder's pid", async () => {
    const { worker, broker } = start();
    await worker.attach(WORKER);
    const second = new TestClient(broker, "investigation-consumer", { instance: "other", pid: 7 });
    expect(await second.attach(WORKER)).toMatchObject({ ok: false, code: "consumer_held", holderPid: 100 });
  });

  test("lets another instance take over from one that fell silent, and tells the silent one", async () => {
    const { broker, clock, router } = start();
    const silent = new TestClient(broker, "investigation-consumer", { silenceMs: 5000 });
    await silent.attach(WORKER);
    await router.now(router.session.publish([text(question(1))]));
    const [held] = silent.take(WORKER.name);
    runFor(broker, clock, 5200);
    const second = new TestClient(broker, "investigation-consumer", { instance: "other" });
    expect(await second.attach(WORKER)).toMatchObject({ ok: true });
    expect(silent.closedBecause).toContain("took over");
    expect(second.take(WORKER.name).map((d) => d.seq)).toEqual([1]);
    expect(await silent.settle(held!, { kind: "done", emits: [] })).toEqual({ status: "gone" });
  });

  test("refuses signals that are unknown or live, and foreign names", async () => {
    const { worker } = start();
    expect(await worker.attach({ ...WORKER, signals: ["Q_NOBODY"] })).toMatchObject({
      code: "unknown_signal",
    });
    expect(await worker.attach({ ...WORKER, signals: ["Q_INTENT_READY"] })).toMatchObject({
      code: "live_signal",
    });
    expect(await worker.attach({ ...WORKER, name: "policy-engine" })).toMatchObject({ code: "identity" });
  });

  test("drops what is open of a name that a consumer no longer asks for", async () => {
    const { worker, router } = start();
    await worker.attach(WORKER);
    await router.now(router.session.publish([text(question(1))]));
    await worker.attach({ ...WORKER, signals: ["Q_INVESTIGATION_COMPLETE"] });
    expect(worker.take(WORKER.name)).toEqual([]);
    const [status] = await worker.broker.admin("consumers", {});
    expect(status).toMatchObject({ matched: 1, dropped: 1, open: 0 });
  });
});

describe("delivery", () => {
  test("gives urgent ones first, then by sequence, within the credit", async () => {
    const { worker, router } = start();
    await worker.attach(WORKER);
    await router.now(router.session.publish([question(1), question(2), question(3, "critical")].map(text)));
    worker.session.credit(WORKER.name, "normal", 1);
    worker.session.credit(WORKER.name, "urgent", 1);
    worker.broker.flush();
    expect(worker.inbox.map((d) => d.seq)).toEqual([3, 1]);
  });

  test("reaches every consumer that asks for the name", async () => {
    const { worker, router, broker } = start();
    const second = new TestClient(broker, "semantic-dedup");
    await worker.attach(WORKER);
    await second.attach({ ...WORKER, name: "semantic-dedup" });
    await router.now(router.session.publish([text(question(1))]));
    expect(worker.take(WORKER.name)).toHaveLength(1);
    expect(second.take("semantic-dedup")).toHaveLength(1);
  });

  test("commits emits and state with the acknowledgement, and gives the state next time", async () => {
    const { worker, router, broker } = start();
    const reader = new TestClient(broker, "semantic-dedup");
    await reader.attach({
      name: "semantic-dedup",
      signals: ["Q_INVESTIGATION_COMPLETE"],
      start: { from: "now" },
    });
    await worker.attach({ ...WORKER, stateKey: "" });
    const parents = [question(1), question(2)];
    await router.now(router.session.publish(parents.map(text)));
    const first = worker.take(WORKER.name);
    expect(first).toHaveLength(1);
    expect(first[0]?.state).toBeNull();
    await worker.settle(first[0]!, { kind: "done", emits: [text(answer(parents[0]!))], state: '{"seen":1}' });
    expect(reader.take("semantic-dedup")).toHaveLength(1);
    expect(worker.take(WORKER.name)[0]?.state).toBe('{"seen":1}');
  });

  test("commits nothing of an item whose emit is invalid", async () => {
    const { worker, router, broker } = start();
    await worker.attach(WORKER);
    await router.now(router.session.publish([text(question(1))]));
    const [d] = worker.take(WORKER.name);
    expect(await worker.settle(d!, { kind: "done", emits: ["{}"] })).toMatchObject({ status: "refused" });
    expect((await broker.admin("consumers", {}))[0]).toMatchObject({ done: 0, leased: 1 });
  });

  test("supersedes older waiting signals of a key, never the one that is worked on", async () => {
    const { broker } = start();
    const monitor = new TestClient(broker, "orchestrator-monitor");
    const rules = new TestClient(broker, "policy-engine");
    await rules.attach({ name: "policy-engine", signals: ["Q_HEALTH_ALERT"], start: { from: "now" } });
    const alert = (value: number): string =>
      text(
        createRoot(HealthAlert, { ...(HealthAlert.examples[0] as object), metric_value: value } as never, {
          source: "orchestrator-monitor",
          nowMs: value,
        }),
      );
    await monitor.now(monitor.session.publish([alert(1)]));
    const [worked] = rules.take("policy-engine", 1);
    await monitor.now(monitor.session.publish([alert(2)]));
    await monitor.now(monitor.session.publish([alert(3), alert(4)]));
    expect(rules.take("policy-engine").map((d) => d.seq)).toEqual([4]);
    expect(await rules.settle(worked!, { kind: "retry", error: "again" })).toEqual({ status: "ok" });
    expect((await broker.admin("consumers", {}))[0]).toMatchObject({ superseded: 3, leased: 1, open: 1 });
  });
});

describe("failure", () => {
  test("retries with backoff and makes a dead letter at the limit, which a retry puts back once", async () => {
    const { worker, router, broker, clock } = start();
    await worker.attach({ ...WORKER, attemptsMax: 2, backoffMs: 1000 });
    await router.now(router.session.publish([text(question(1))]));
    const [first] = worker.take(WORKER.name);
    await worker.settle(first!, { kind: "retry", error: "no" });
    expect(worker.take(WORKER.name)).toEqual([]);
    runFor(broker, clock, 1000);
    const [second] = worker.take(WORKER.name);
    expect(second).toMatchObject({ seq: 1, attempt: 2 });
    await worker.settle(second!, { kind: "retry", error: "still no" });
    const [letter] = await broker.admin("deadLetters", {});
    expect(letter).toMatchObject({
      n: 1,
      seq: 1,
      consumer: WORKER.name,
      reason: "attempts",
      error: "still no",
      attempts: 2,
    });
    expect(await worker.now(broker.admin("retryDeadLetter", { n: 1 }))).toMatchObject({ retried: true });
    expect(await worker.now(broker.admin("retryDeadLetter", { n: 1 }))).toMatchObject({ retried: false });
    const [third] = worker.take(WORKER.name);
    expect(third).toMatchObject({ seq: 1, attempt: 1 });
    expect(await worker.settle(third!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
  });

  test("refuses a commit whose lease expired, and gives the delivery again", async () => {
    const { worker, router, broker, clock } = start();
    await worker.attach({ ...WORKER, leaseMs: 1000 });
    await router.now(router.session.publish([text(question(1))]));
    const [d] = worker.take(WORKER.name);
    runFor(broker, clock, 1200);
    await Bun.sleep(0);
    expect(worker.lost).toEqual([1]);
    expect(await worker.settle(d!, { kind: "done", emits: [] })).toEqual({ status: "gone" });
    expect(worker.take(WORKER.name)[0]).toMatchObject({ seq: 1, attempt: 2 });
  });

  test("gives nothing again to a client that stands still: its own stop uses up no attempts", async () => {
    const { router, broker, clock } = start();
    const still = new TestClient(broker, "investigation-consumer", { silenceMs: 5000 });
    await still.attach({ ...WORKER, leaseMs: 6000 });
    await router.now(router.session.publish([text(question(1))]));
    expect(still.take(WORKER.name)).toHaveLength(1);
    runFor(broker, clock, 60_000);
    expect(still.inbox).toEqual([]);
    expect(still.lost).toEqual([1]);
    still.session.touch();
    expect(still.take(WORKER.name)).toMatchObject([{ seq: 1, attempt: 2 }]);
  });

  test("lets nothing expire over a stop of the bus itself, however long", async () => {
    const { worker, router, broker, clock } = start();
    await worker.attach({ ...WORKER, leaseMs: 1000 });
    await router.now(router.session.publish([text(question(1))]));
    const [d] = worker.take(WORKER.name);
    clock.advance(3_600_000);
    broker.tick();
    expect(await worker.settle(d!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
  });

  test("strikes only a sole suspect, and buries it as poison at the third", async () => {
    const { router, broker } = start();
    await router.now(router.session.publish([text(question(1)), text(question(2))]));
    const seen: number[][] = [];
    for (let life = 1; life <= 6; life++) {
      const worker = new TestClient(broker, "investigation-consumer", { instance: `life ${life}` });
      await worker.attach({ ...WORKER, start: { from: "earliest" } });
      const got = worker.take(WORKER.name);
      seen.push(got.map((d) => d.seq));
      if (got.some((d) => d.seq === 1)) await worker.now(worker.session.close({ clean: false }));
      else {
        for (const d of got) await worker.settle(d, { kind: "done", emits: [] });
        await worker.now(worker.session.close({ clean: true }));
      }
    }
    expect(seen).toEqual([[1, 2], [1], [1], [1], [2], []]);
    expect(await broker.admin("deadLetters", {})).toMatchObject([{ seq: 1, reason: "poison" }]);
  });

  test("keeps a plan for the next attempt and drops it when done", async () => {
    const { worker, router, broker } = start();
    await worker.attach(WORKER);
    await router.now(router.session.publish([text(question(1))]));
    const [d] = worker.take(WORKER.name);
    expect(await worker.now(worker.session.plan(WORKER.name, d!.seq, d!.token, '{"offset":9}'))).toEqual({
      status: "ok",
    });
    await worker.now(worker.session.close({ clean: false }));
    const next = new TestClient(broker, "investigation-consumer", { instance: "next" });
    await next.attach(WORKER);
    const [again] = next.take(WORKER.name);
    expect(again).toMatchObject({ plan: '{"offset":9}', attempt: 1 });
    expect(await next.settle(again!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
  });

  test("keeps the leases that a reconnecting instance still holds, and no others", async () => {
    const { worker, router, broker } = start();
    await worker.attach(WORKER);
    await router.now(router.session.publish([text(question(1)), text(question(2))]));
    const [a, b] = worker.take(WORKER.name);
    await worker.now(worker.session.close({ clean: false }));
    const back = new TestClient(broker, "investigation-consumer");
    expect(await back.attach(WORKER, [{ seq: a!.seq, token: a!.token }])).toEqual({
      ok: true,
      adopted: [1],
      gone: [],
    });
    expect(await back.settle(a!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
    expect(await back.settle(b!, { kind: "done", emits: [] })).toEqual({ status: "gone" });
    expect(back.take(WORKER.name)).toMatchObject([{ seq: 2 }]);
    const thief = new TestClient(broker, "investigation-consumer", { instance: "thief" });
    await back.now(back.session.close({ clean: false }));
    expect(await thief.attach(WORKER, [{ seq: 2, token: "1.9" }])).toMatchObject({
      ok: true,
      adopted: [],
      gone: [2],
    });
  });

  test("stores rejected content once, with what came with it", async () => {
    const { router, broker } = start();
    const request = {
      id: "0198c5b5-0000-8000-8000-000000000000",
      error: "not JSON",
      content: "{oops",
      fields: { intent_file: "a.json" },
    };
    expect(await router.now(broker.admin("rejectContent", request, "intent-router"))).toEqual({
      stored: true,
    });
    expect(await router.now(broker.admin("rejectContent", request, "intent-router"))).toEqual({
      stored: false,
    });
    expect(await broker.admin("deadLetters", {})).toMatchObject([
      { consumer: "intent-router", signal: "{oops", fields: { intent_file: "a.json" } },
    ]);
  });
});
