import { afterEach, beforeEach, expect, test } from "bun:test";
import { auditNow } from "../audit/audit.ts";
import type { Broker } from "../broker.ts";
import type { AdminOp, AdminOps, ConsumerStatus, DeadLetter } from "../broker_types.ts";
import { resumConsumer } from "../consumers.ts";
import { RULES, WORKER, alert, question, text } from "../fixtures.ts";
import { ARMED, FIRED, RUNNING, WITHDRAWN } from "../schema.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "../testing.ts";

const OTHER = { ...WORKER, name: "semantic-dedup" };
const DEAD = { kind: "dead", reason: "terminal", error: "no" } as const;

let broker: Broker;
let clock: TestClock;
let router: TestClient;
let worker: TestClient;
beforeEach(async () => {
  ({ broker, clock } = testBroker());
  router = new TestClient(broker, "intent-router");
  worker = new TestClient(broker, WORKER.name);
  await worker.attach(WORKER);
});
afterEach(() => {
  expect(checkJournal(broker)).toEqual([]);
  expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, differences: [], damaged: [] });
  broker.close();
});

function admin<Op extends AdminOp>(
  op: Op,
  request: AdminOps[Op]["request"],
): Promise<AdminOps[Op]["result"]> {
  return router.now(broker.admin(op, request, "operator"));
}

/** Publishes questions, and the worker gives each up. */
async function giveUp(...numbers: readonly number[]): Promise<void> {
  await router.now(router.session.publish(numbers.map((n) => text(question(n)))));
  for (const delivery of worker.take(WORKER.name)) await worker.settle(delivery, DEAD);
}

async function all(): Promise<readonly DeadLetter[]> {
  return admin("deadLetters", { includeRetried: true });
}

async function statusOf(name: string): Promise<ConsumerStatus | undefined> {
  return (await admin("consumers", {})).find((consumer) => consumer.name === name);
}

const factsOf = (n: number) => question(n).facts;

test("an edited one goes to the consumer that gave it up, once, and to nobody else", async () => {
  const other = new TestClient(broker, OTHER.name);
  await other.attach(OTHER);
  await giveUp(1);
  for (const delivery of other.take(OTHER.name)) await other.settle(delivery, { kind: "done", emits: [] });
  const facts = { ...factsOf(1), question: "mended" };
  const result = await admin("editDeadLetter", { n: 1, facts });
  expect(result).toMatchObject({ retried: true, seq: 2 });
  expect(other.take(OTHER.name)).toEqual([]);
  const [again] = worker.take(WORKER.name);
  const [old] = await all();
  expect(JSON.parse(again?.body ?? "")).toMatchObject({
    id: result.id,
    cause: old?.id,
    facts: { question: "mended" },
  });
  expect(old).toMatchObject({
    state: "edited",
    fields: { edited_as: result.id },
    signalName: "Q_CURIOSITY_INVESTIGATE",
  });
  expect(old?.signal).toMatchObject({ facts: { question: "question 1" } });
  await worker.settle(again!, { kind: "done", emits: [] });
  expect(await statusOf(WORKER.name)).toMatchObject({ matched: 2, done: 1, superseded: 1, dead: 0, open: 0 });
  expect(await statusOf(OTHER.name)).toMatchObject({ matched: 2, done: 1, dropped: 1, open: 0 });
  expect(await admin("editDeadLetter", { n: 1, facts })).toMatchObject({ retried: false });
  expect(await admin("retryDeadLetter", { n: 1 })).toMatchObject({ retried: false });
});

test("of an edited request only the new deadline runs, and one timeout comes of it", async () => {
  await giveUp(1);
  await admin("editDeadLetter", { n: 1, facts: factsOf(2) });
  const states = () =>
    broker.db.handle.query("SELECT request_seq, state FROM deadline ORDER BY request_seq").all();
  expect(states()).toEqual([
    { request_seq: 1, state: WITHDRAWN },
    { request_seq: 2, state: ARMED },
  ]);
  const [again] = worker.take(WORKER.name);
  await worker.settle(again!, DEAD);
  expect(states()).toMatchObject([{ state: WITHDRAWN }, { state: RUNNING }]);
  runFor(broker, clock, 11 * 60_000);
  expect(states()).toMatchObject([{ state: WITHDRAWN }, { state: FIRED }]);
});

test("of a request edited for one who does not answer it, the old deadline runs on: its worker is at it", async () => {
  const other = new TestClient(broker, OTHER.name);
  await other.attach(OTHER);
  await router.now(router.session.publish([text(question(1))]));
  expect(worker.take(WORKER.name)).toHaveLength(1);
  for (const delivery of other.take(OTHER.name)) await other.settle(delivery, DEAD);
  expect(await admin("editDeadLetter", { n: 1, facts: factsOf(2) })).toMatchObject({ retried: true });
  runFor(broker, clock, 11 * 60_000);
  expect(
    broker.db.handle.query("SELECT request_seq, state FROM deadline ORDER BY request_seq").all(),
  ).toEqual([
    { request_seq: 1, state: FIRED },
    { request_seq: 2, state: WITHDRAWN },
  ]);
});

test("an edit that is not valid, or only tried, changes nothing", async () => {
  await giveUp(1);
  const refused = await admin("editDeadLetter", { n: 1, facts: { question: 7 } });
  expect(refused).toMatchObject({ retried: false, text: expect.stringContaining("not valid") });
  const tried = await admin("editDeadLetter", { n: 1, facts: factsOf(2), dryRun: true });
  expect(tried).toMatchObject({ retried: false, text: expect.stringContaining("would be retried") });
  expect((await all())[0]?.state).toBe("dead");
  expect(broker.lastSeq).toBe(1);
});

test("a signal of which only the newest counts is not edited: the old one would displace newer ones", async () => {
  const rules = new TestClient(broker, RULES.name);
  const monitor = new TestClient(broker, "orchestrator-monitor");
  await rules.attach(RULES);
  await monitor.now(monitor.session.publish([text(alert(1))]));
  for (const delivery of rules.take(RULES.name)) await rules.settle(delivery, DEAD);
  const result = await admin("editDeadLetter", { n: 1, facts: alert(2).facts });
  expect(result.text).toContain("publish a new one");
});

test("an edited one that fails again is a dead letter of its own and can be edited again", async () => {
  await giveUp(1);
  for (const n of [1, 2, 3]) {
    expect(await admin("editDeadLetter", { n, facts: factsOf(n + 1) })).toMatchObject({ retried: true });
    for (const delivery of worker.take(WORKER.name)) await worker.settle(delivery, DEAD);
  }
  expect((await all()).map(({ state }) => state)).toEqual(["edited", "edited", "edited", "dead"]);
});

test("a dropped one counts as dropped, stays readable, and cannot be retried", async () => {
  await giveUp(1, 2);
  expect(await admin("dropDeadLetter", { n: 1 })).toMatchObject({ dropped: true });
  expect(await admin("dropDeadLetter", { n: 1 })).toMatchObject({ dropped: false });
  expect(await admin("retryDeadLetter", { n: 1 })).toMatchObject({ retried: false });
  expect(await admin("dropDeadLetter", { n: 9 })).toMatchObject({ dropped: false });
  expect(await statusOf(WORKER.name)).toMatchObject({ dead: 1, dropped: 1 });
  expect((await admin("deadLetters", {})).map(({ n }) => n)).toEqual([2]);
  expect((await all())[0]).toMatchObject({ n: 1, state: "dropped", error: "no" });
});

test("purging forgets old ones in steps, drops what is dead among them, and never gives a number twice", async () => {
  await giveUp(1, 2, 3);
  await admin("retryDeadLetter", { n: 1 });
  const [back] = worker.take(WORKER.name);
  await worker.settle(back!, { kind: "done", emits: [] });
  clock.advance(1000);
  const before = clock.wallMs();
  await giveUp(4);
  expect(await admin("purgeDeadLetters", { before, dryRun: true })).toEqual({ purged: 3, dropped: 2 });
  expect(await admin("purgeDeadLetters", { before, limit: 2 })).toEqual({ purged: 2, dropped: 1 });
  expect(await admin("purgeDeadLetters", { before, limit: 2 })).toEqual({ purged: 1, dropped: 1 });
  expect((await all()).map(({ n }) => n)).toEqual([4]);
  clock.advance(1000);
  expect(await admin("purgeDeadLetters", { before: clock.wallMs() })).toEqual({ purged: 0, dropped: 0 });
  await giveUp(5);
  expect((await all()).map(({ n }) => n)).toEqual([4, 5]);
  expect(await statusOf(WORKER.name)).toMatchObject({ done: 1, dropped: 2, dead: 2 });
});

test("a consumer that is removed takes its dead letters with it, as dropped", async () => {
  await giveUp(1, 2);
  await worker.now(worker.session.close({ clean: true }));
  expect(await admin("removeConsumer", { name: WORKER.name })).toEqual({ dropped: 2 });
  expect(await admin("deadLetters", {})).toEqual([]);
  expect((await all()).map(({ state }) => state)).toEqual(["dropped", "dropped"]);
});

test("a name that a consumer lets go of takes its dead letters with it", async () => {
  await giveUp(1);
  await worker.attach({ ...WORKER, signals: ["Q_RUN_SCANNER"] });
  expect(await statusOf(WORKER.name)).toMatchObject({ dead: 0, dropped: 1, matched: 1 });
});

test("dead letters of a consumer that an earlier version removed are dropped by the purge", async () => {
  await giveUp(1, 2);
  await worker.now(worker.session.close({ clean: true }));
  await router.now(
    broker.run((tx) => {
      const consumer = broker.consumers.get(WORKER.name)!;
      tx.db.prepare("UPDATE consumer SET removed_at = 1 WHERE cid = ?").run(consumer.cid);
      tx.db.prepare("DELETE FROM subscription").run();
      tx.afterCommit(() => broker.consumers.delete(WORKER.name));
    }),
  );
  await router.now(broker.run((tx) => resumConsumer(tx.db, 1)));
  clock.advance(10);
  expect(await admin("purgeDeadLetters", { before: clock.wallMs() })).toEqual({ purged: 1, dropped: 1 });
  expect(await admin("dropDeadLetter", { n: 2 })).toMatchObject({ dropped: true });
});

test("a list is filtered by consumer, reason, signal and age, and brief when it is long", async () => {
  await giveUp(1);
  clock.advance(5000);
  const later = clock.wallMs();
  await giveUp(2);
  const content = { id: "x", error: "not JSON", content: "{oops", fields: { intent_file: "a.json" } };
  await router.now(broker.admin("rejectContent", content, "intent-router"));
  const numbers = async (request: AdminOps["deadLetters"]["request"]) =>
    (await admin("deadLetters", request)).map(({ n }) => n);
  expect(await numbers({ consumer: WORKER.name })).toEqual([1, 2]);
  expect(await numbers({ reason: "invalid" })).toEqual([3]);
  expect(await numbers({ signal: "Q_CURIOSITY_INVESTIGATE" })).toEqual([1, 2]);
  expect(await numbers({ before: later })).toEqual([1]);
  expect(await numbers({ since: later })).toEqual([2, 3]);
  expect(await admin("deadLetters", { brief: true })).toMatchObject([
    { signal: "", signalName: "Q_CURIOSITY_INVESTIGATE" },
    { signal: "" },
    { signal: "", signalName: null, fields: { intent_file: "a.json" } },
  ]);
});

test("a page of large ones ends early, and the next one goes on", async () => {
  for (let i = 1; i <= 6; i++) {
    const content = { id: `x${i}`, error: "too large", content: "y".repeat(400_000), fields: {} };
    await router.now(broker.admin("rejectContent", content, "intent-router"));
  }
  const sizes: number[] = [];
  for (let after = 0; ;) {
    const page = await admin("deadLetters", { after });
    if (page.length === 0) break;
    sizes.push(page.length);
    after = page.at(-1)?.n ?? 0;
  }
  expect(sizes).toEqual([2, 2, 2]);
});

test("a file that was given to the router again is noted once; a signal is not a file", async () => {
  const content = { id: "x", error: "not JSON", content: "{oops", fields: {} };
  await router.now(broker.admin("rejectContent", content, "intent-router"));
  expect(await admin("noteResubmitted", { n: 1 })).toMatchObject({ retried: true });
  expect(await admin("noteResubmitted", { n: 1 })).toMatchObject({ retried: false });
  await giveUp(1);
  expect((await admin("noteResubmitted", { n: 2 })).text).toContain("kloros dlq retry 2");
});

test("one that was retried and given up again is retried by its new letter, not once more by the old one", async () => {
  await giveUp(1);
  expect(await admin("retryDeadLetter", { n: 1 })).toMatchObject({ retried: true });
  for (const delivery of worker.take(WORKER.name)) await worker.settle(delivery, DEAD);
  expect(await admin("retryDeadLetter", { n: 1 })).toMatchObject({ retried: false });
  expect((await all()).map(({ n, state }) => [n, state])).toEqual([
    [1, "retried"],
    [2, "dead"],
  ]);
  expect(await admin("retryDeadLetter", { n: 2 })).toMatchObject({ retried: true });
});
