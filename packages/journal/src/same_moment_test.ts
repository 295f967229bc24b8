/** Operations that share one transaction, or follow each other before anybody looked: none sees what another has ended. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Broker } from "./broker.ts";
import { RULES, WORKER, alert, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

let broker: Broker;
let clock: TestClock;
let router: TestClient;
let worker: TestClient;
beforeEach(() => {
  ({ broker, clock } = testBroker());
  router = new TestClient(broker, "intent-router");
  worker = new TestClient(broker, "investigation-consumer");
});
afterEach(() => {
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
});

const publish = (...ns: number[]) => router.now(router.session.publish(ns.map((n) => text(question(n)))));
const status = async () => (await broker.admin("consumers", {}))[0];
const done = { kind: "done", emits: [] } as const;

describe("in one transaction", () => {
  test("a plan behind its delivery's settlement is gone, not stored", async () => {
    await worker.attach(WORKER);
    await publish(1);
    const [d] = worker.take(WORKER.name);
    const outcome = { kind: "release" } as const;
    const settled = worker.session.settle(WORKER.name, [{ seq: d!.seq, token: d!.token, outcome }]);
    const planned = worker.session.plan(WORKER.name, d!.seq, d!.token, '{"k":1}');
    broker.flush();
    expect(await settled).toEqual([{ status: "ok" }]);
    expect(await planned).toEqual({ status: "gone" });
    expect(worker.take(WORKER.name)).toMatchObject([{ seq: 1, plan: null }]);
  });

  test("a session that closes behind its own attach holds nothing", async () => {
    const attached = worker.session.attach(WORKER, []);
    const closed = worker.session.close({ clean: true });
    broker.flush();
    await closed;
    expect(await attached).toMatchObject({ ok: false, code: "protocol" });
    expect(await status()).toBeUndefined();
  });

  test("a session that is closed attaches no more", async () => {
    const closed = worker.session.close({ clean: true });
    const attached = worker.session.attach(WORKER, []);
    broker.flush();
    await closed;
    expect(await attached).toMatchObject({ ok: false, code: "protocol" });
  });

  test.each(["before", "behind"])(
    "a failed older one of a key is superseded by a newer one that comes %s its failure",
    async (order) => {
      const monitor = new TestClient(broker, "orchestrator-monitor");
      const rules = new TestClient(broker, RULES.name);
      await rules.attach(RULES);
      await monitor.now(monitor.session.publish([text(alert(1))]));
      const [older] = rules.take(RULES.name);
      const outcome = { kind: "retry", error: "no", delayMs: 0 } as const;
      const item = { seq: older!.seq, token: older!.token, outcome };
      if (order === "behind") void rules.session.settle(RULES.name, [item]);
      void monitor.session.publish([text(alert(2))]);
      if (order === "before") void rules.session.settle(RULES.name, [item]);
      broker.flush();
      expect(rules.take(RULES.name).map((d) => d.seq)).toEqual([2]);
      expect(await status()).toMatchObject({ superseded: 1, open: 1 });
    },
  );

  test("two removals of one consumer leave its successor alone", async () => {
    await worker.attach(WORKER);
    await worker.now(worker.session.close({ clean: true }));
    const first = broker.admin("removeConsumer", { name: WORKER.name });
    const next = new TestClient(broker, "investigation-consumer");
    const attached = next.session.attach(WORKER, []);
    const second = broker.admin("removeConsumer", { name: WORKER.name }).catch(String);
    broker.flush();
    await first;
    expect(await attached).toMatchObject({ ok: true });
    expect(await second).toContain("held by a live");
    await publish(1);
    expect(next.take(WORKER.name)).toHaveLength(1);
    expect(await next.attach(WORKER)).toMatchObject({ ok: true });
  });
});

describe("a changed definition", () => {
  const both = { ...WORKER, signals: [...WORKER.signals, "Q_INVESTIGATION_COMPLETE"] };
  const other = { ...WORKER, signals: ["Q_INVESTIGATION_COMPLETE"] };

  test("takes leases of a dropped name away, also when their holder states them", async () => {
    await worker.attach(both);
    await publish(1, 2);
    const [a] = worker.take(WORKER.name);
    const back = new TestClient(broker, "investigation-consumer");
    const held = [{ seq: a!.seq, token: a!.token }];
    expect(await back.attach(other, held)).toEqual({ ok: true, adopted: [], gone: [1] });
    expect(await back.settle(a!, done)).toEqual({ status: "gone" });
    expect(await status()).toMatchObject({ dropped: 2, open: 0 });
  });

  test("that takes a dropped name back delivers what comes from then on, and doubles nothing", async () => {
    await worker.attach(both);
    await publish(1, 2);
    const [a] = worker.take(WORKER.name);
    await worker.settle(a!, done);
    await worker.attach(other);
    expect(await worker.attach(both)).toMatchObject({ ok: true });
    await publish(3);
    expect(worker.take(WORKER.name).map((d) => d.seq)).toEqual([3]);
    expect(await status()).toMatchObject({ matched: 3, done: 1, dropped: 1, open: 1 });
  });

  test("that adds a name from now on owes nothing of before", async () => {
    const now = { ...other, start: { from: "now" } } as const;
    await worker.attach(now);
    await publish(1);
    await worker.attach({ ...both, start: { from: "now" } });
    await publish(2);
    expect(worker.take(WORKER.name).map((d) => d.seq)).toEqual([2]);
  });

  test("lets go of suspects of a dropped name: they block nothing any more", async () => {
    await worker.attach(both);
    await publish(1, 2);
    worker.take(WORKER.name);
    await worker.now(worker.session.close({ clean: false }));
    const next = new TestClient(broker, "investigation-consumer", { instance: "next" });
    await next.attach(other);
    await next.attach(both);
    await publish(3);
    expect(next.take(WORKER.name).map((d) => d.seq)).toEqual([3]);
  });
});

describe("suspects", () => {
  test("come only within the credit, and not before the client asked for anything", async () => {
    await worker.attach(WORKER);
    await publish(1);
    worker.take(WORKER.name);
    await worker.now(worker.session.close({ clean: false }));
    const next = new TestClient(broker, "investigation-consumer", { instance: "next" });
    await next.attach(WORKER);
    runFor(broker, clock, 400);
    expect(next.inbox).toEqual([]);
    expect(next.take(WORKER.name).map((d) => d.seq)).toEqual([1]);
  });

  test("of two consumers in one process come one at a time, so that only the guilty one gets strikes", async () => {
    const second = { ...WORKER, name: `${WORKER.name}/second` };
    const seen: string[][] = [];
    await publish(1);
    for (let life = 1; life <= 8; life++) {
      const process = new TestClient(broker, "investigation-consumer", { instance: `life ${life}` });
      await process.attach(WORKER);
      await process.attach(second);
      let got = [...process.take(WORKER.name), ...process.take(second.name)];
      const names: string[] = [];
      for (; got.length > 0; got = [...process.take(WORKER.name), ...process.take(second.name)]) {
        names.push(...got.map((d) => d.consumer));
        if (got.some((d) => d.consumer === second.name)) break;
        for (const d of got) await process.settle(d, done);
      }
      seen.push(names);
      await process.now(process.session.close({ clean: names.length === 0 || got.length === 0 }));
    }
    const letters = await broker.admin("deadLetters", {});
    expect(letters.map((l) => [l.consumer, l.reason])).toEqual([[second.name, "poison"]]);
  });
});

describe("a retried dead letter", () => {
  test("of a consumer that was removed does not reopen its successor's", async () => {
    const dead = { kind: "dead", reason: "terminal", error: "no" } as const;
    await publish(1);
    for (const instance of ["first", "second"]) {
      const client = new TestClient(broker, "investigation-consumer", { instance });
      await client.attach(WORKER);
      await client.settle(client.take(WORKER.name)[0]!, dead);
      await client.now(client.session.close({ clean: true }));
      if (instance === "first") await client.now(broker.admin("removeConsumer", { name: WORKER.name }));
    }
    expect(await router.now(broker.admin("retryDeadLetter", { n: 1 }))).toMatchObject({ retried: false });
    expect(await router.now(broker.admin("retryDeadLetter", { n: 2 }))).toMatchObject({ retried: true });
  });

  test("is not given to a consumer that no longer asks for its name", async () => {
    await worker.attach(WORKER);
    await publish(1);
    await worker.settle(worker.take(WORKER.name)[0]!, { kind: "dead", reason: "terminal", error: "no" });
    await worker.attach({ ...WORKER, signals: ["Q_INVESTIGATION_COMPLETE"] });
    expect(await router.now(broker.admin("retryDeadLetter", { n: 1 }))).toMatchObject({ retried: false });
  });
});
