/** What the rows say at the moment of a grant: checksums, leases, suspects. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Broker } from "./broker.ts";
import { WORKER, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

let broker: Broker;
let clock: TestClock;
let router: TestClient;
let worker: TestClient;
beforeEach(async () => {
  ({ broker, clock } = testBroker());
  router = new TestClient(broker, "intent-router");
  worker = new TestClient(broker, WORKER.name);
  await worker.attach(WORKER);
  await router.now(router.session.publish([text(question(1)), text(question(2))]));
});
afterEach(() => {
  broker.close();
});

const taken = (client = worker): number[] => client.take(WORKER.name).map(({ seq }) => seq);

test.each([
  ["a signal", "UPDATE signal SET body = replace(body, 'question 1', 'question 7') WHERE seq = 1"],
  ["a delivery", "UPDATE delivery SET attempt = 7 WHERE seq = 1"],
])(
  "%s that changes on the disk while the bus runs is set aside, and what is behind it goes on",
  async (_, sql) => {
    broker.db.handle.run(sql);
    expect(taken()).toEqual([2]);
    runFor(broker, clock, 200);
    expect(broker.counters["damaged"]).toBe(1);
    expect((await broker.admin("consumers", {}))[0]).toMatchObject({ damaged: 1, leased: 1 });
  },
);

test("a repeated delivery in work is not granted again when the next one falls due", async () => {
  const [first, second] = worker.take(WORKER.name);
  await worker.settle(first!, { kind: "retry", error: "no", delayMs: 0 });
  await worker.settle(second!, { kind: "retry", error: "no", delayMs: 1000 });
  expect(taken()).toEqual([1]);
  runFor(broker, clock, 1200);
  expect([...worker.inbox.splice(0).map(({ seq }) => seq), ...taken()]).toEqual([2]);
  expect(checkJournal(broker)).toEqual([]);
});

test("a suspect is alone at its client until it is settled", async () => {
  worker.take(WORKER.name);
  await worker.now(worker.session.close({ clean: false }));
  const next = new TestClient(broker, WORKER.name, { instance: "next" });
  await next.attach(WORKER);
  const [first] = next.take(WORKER.name);
  expect([first?.seq, ...taken(next)]).toEqual([1]);
  await next.settle(first!, { kind: "done", emits: [] });
  expect(taken(next)).toEqual([2]);
  expect(checkJournal(broker)).toEqual([]);
});
