/** What a lease is good for: plans, extensions and settlements of its holder, and its end. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Broker } from "./broker.ts";
import { RULES, WORKER, alert, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const SPEC = { ...WORKER, leaseMs: 1000, attemptsMax: 2 };

let broker: Broker;
let clock: TestClock;
let router: TestClient;
let worker: TestClient;
beforeEach(() => {
  ({ broker, clock } = testBroker());
  router = new TestClient(broker, "intent-router");
  worker = new TestClient(broker, WORKER.name);
});
afterEach(() => {
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
});

const publish = () => router.now(router.session.publish([text(question(1))]));

test("a token that expired stores no plan and keeps no lease alive, though the delivery is leased anew", async () => {
  await worker.attach(SPEC);
  await publish();
  const [old] = worker.take(WORKER.name);
  runFor(broker, clock, 1200);
  const [held] = worker.inbox.splice(0).concat(worker.take(WORKER.name));
  expect(held).toMatchObject({ seq: old!.seq, attempt: 2 });
  expect(await worker.now(worker.session.plan(WORKER.name, old!.seq, old!.token, '{"k":1}'))).toEqual({
    status: "gone",
  });
  expect(worker.session.extend(WORKER.name, [old!])).toEqual([old!.seq]);
  expect(worker.session.extend(WORKER.name, [held!])).toEqual([]);
});

test("a lease that expires at each attempt ends as a dead letter", async () => {
  await worker.attach(SPEC);
  await publish();
  worker.take(WORKER.name);
  for (let n = 0; n < 2; n++) {
    runFor(broker, clock, 1200);
    worker.take(WORKER.name);
  }
  const letters = await broker.admin("deadLetters", {});
  expect(letters).toMatchObject([{ seq: 1, reason: "attempts", attempts: 2 }]);
});

test("a state is in the transaction that acknowledges", async () => {
  await worker.attach({ ...WORKER, stateKey: "" });
  await publish();
  const [d] = worker.take(WORKER.name);
  const outcome = { kind: "done", emits: [], state: '{"seen":1}' } as const;
  void worker.session.settle(WORKER.name, [{ seq: d!.seq, token: d!.token, outcome }]);
  const seen = broker.run((tx) => tx.db.prepare("SELECT count(*) AS n FROM state").get());
  broker.flush();
  expect(await seen).toEqual({ n: 1 });
});

test("an older one of a key whose effect was begun is not superseded while it waits for its next attempt", async () => {
  const monitor = new TestClient(broker, "orchestrator-monitor");
  const rules = new TestClient(broker, RULES.name);
  await rules.attach(RULES);
  await monitor.now(monitor.session.publish([text(alert(1))]));
  const [begun] = rules.take(RULES.name);
  await rules.now(rules.session.plan(RULES.name, begun!.seq, begun!.token, '{"step":1}'));
  await rules.settle(begun!, { kind: "retry", error: "later", delayMs: 1000 });
  await monitor.now(monitor.session.publish([text(alert(2))]));
  expect((await broker.admin("consumers", {}))[0]).toMatchObject({ superseded: 0 });
  runFor(broker, clock, 1200);
  const granted = rules.inbox.splice(0).map(({ seq, plan }) => [seq, plan]);
  expect(granted).toEqual([
    [2, null],
    [1, '{"step":1}'],
  ]);
});

test("what is handed back in order uses up no attempt, however often", async () => {
  await worker.attach(SPEC);
  await publish();
  for (let n = 0; n < 4; n++) {
    const [d] = worker.inbox.splice(0).concat(worker.take(WORKER.name));
    expect(d).toMatchObject({ seq: 1, attempt: 1 });
    await worker.settle(d!, { kind: "release" });
  }
  expect(await broker.admin("deadLetters", {})).toEqual([]);
});

test("a lease whose signal was damaged meanwhile does not go on, and the bus does", async () => {
  const spec = { ...WORKER, stateKey: "question_id" };
  await worker.attach(spec);
  await router.now(router.session.publish([text(question(1)), text(question(2))]));
  const [held] = worker.take(WORKER.name);
  if (held === undefined) throw new Error("nothing to take");
  await worker.now(worker.session.close({ clean: false }));
  broker.db.handle.run("UPDATE signal SET body = '#' || substr(body, 2) WHERE seq = ?", [held.seq]);
  const again = new TestClient(broker, WORKER.name);
  const { seq, token } = held;
  const attached = await again.now(again.session.attach(spec, [{ seq, token }]));
  expect(attached).toMatchObject({ ok: true, gone: [seq] });
  // The first look sets it aside.
  expect([...again.take(WORKER.name), ...again.take(WORKER.name)]).toMatchObject([{ seq: 2 }]);
});
