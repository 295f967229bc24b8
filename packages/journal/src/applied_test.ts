/** A settlement whose answer was lost with the connection is said again: it is answered as it was, and applied once. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { InvestigationComplete, createChild } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeToken, readToken } from "./applied.ts";
import type { Broker } from "./broker.ts";
import type { GrantedDelivery, SettleItem } from "./broker_types.ts";
import { WORKER, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const LEASE_MS = 5000;
const SPEC = { ...WORKER, leaseMs: LEASE_MS, attemptsMax: 3 };

let dir: string;
let broker: Broker;
let clock: TestClock;
let worker: TestClient;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "kloros-applied-"));
  open();
  const router = new TestClient(broker, "intent-router");
  await router.now(router.session.publish([1, 2].map((n) => text(question(n)))));
  worker = await connect();
});
afterEach(() => {
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
  rmSync(dir, { recursive: true, force: true });
});

function open(): void {
  ({ broker, clock } = testBroker({ path: join(dir, "journal.db") }));
}

async function connect(
  options: { readonly instance?: string; readonly held?: readonly GrantedDelivery[] } = {},
): Promise<TestClient> {
  const client = new TestClient(broker, SPEC.name, options);
  const held = (options.held ?? []).map(({ seq, token }) => ({ seq, token }));
  expect(await client.attach(SPEC, held)).toMatchObject({ ok: true });
  return client;
}

function done(delivery: GrantedDelivery): SettleItem["outcome"] {
  const options = { source: SPEC.name, consumer: SPEC.name, nowMs: 1_763_856_001_000 };
  const facts = InvestigationComplete.examples[0] as never;
  const answer = createChild(JSON.parse(delivery.body) as Envelope, InvestigationComplete, facts, options);
  return { kind: "done", emits: [text(answer)] };
}

const OUTCOMES: [string, (delivery: GrantedDelivery) => SettleItem["outcome"]][] = [
  ["done", done],
  ["retry", () => ({ kind: "retry", error: "not now", delayMs: 60_000 })],
  ["dead", () => ({ kind: "dead", reason: "terminal", error: "never" })],
  ["release", () => ({ kind: "release" })],
];

describe.each(OUTCOMES)("%s, said again", (_, outcomeOf) => {
  async function check(lose: () => Promise<void>): Promise<void> {
    const [first] = worker.take(SPEC.name);
    expect(await worker.settle(first!, outcomeOf(first!))).toEqual({ status: "ok" });
    const { lastSeq } = broker;
    const row = () =>
      broker.db.handle.query("SELECT state, attempt, strikes FROM delivery WHERE seq = 1").get();
    const before = row();
    await lose();
    worker = await connect({ held: [first!] });
    expect(await worker.settle(first!, outcomeOf(first!))).toEqual({ status: "ok" });
    expect(broker.lastSeq).toBe(lastSeq);
    expect(row()).toEqual(before);
  }

  test("after a lost connection is ok and changes nothing", () =>
    check(() => worker.now(worker.session.close({ clean: false }))));

  test("after a restart of the bus is ok and changes nothing", () =>
    check(async () => {
      broker.close();
      open();
    }));
});

test("the last retry, which made it a dead letter, is ok when it is said again", async () => {
  const retry = { kind: "retry", error: "no", delayMs: 0 } as const;
  let last: GrantedDelivery | undefined;
  for (let attempt = 1; attempt <= 3; attempt++) {
    runFor(broker, clock, 200);
    last = worker.take(SPEC.name).find(({ seq }) => seq === 1) ?? last;
    await worker.settle(last!, retry);
  }
  await worker.now(worker.session.close({ clean: false }));
  worker = await connect({ held: [last!] });
  expect(await worker.settle(last!, retry)).toEqual({ status: "ok" });
  expect(await broker.admin("deadLetters", {})).toMatchObject([{ seq: 1, attempts: 3 }]);
});

test("another outcome than the one that was committed is not ok", async () => {
  const [first, second] = worker.take(SPEC.name);
  await worker.settle(first!, { kind: "retry", error: "not now", delayMs: 60_000 });
  expect(await worker.settle(first!, done(first!))).toEqual({ status: "gone" });
  expect(await worker.settle(first!, { kind: "retry", error: "another" })).toEqual({ status: "gone" });
  await worker.settle(second!, done(second!));
  expect(await worker.settle(second!, { kind: "dead", reason: "terminal", error: "no" })).toEqual({
    status: "gone",
  });
});

test("what a later attempt settled is not an earlier one's", async () => {
  const [first] = worker.take(SPEC.name);
  runFor(broker, clock, LEASE_MS + 400);
  const again = worker.take(SPEC.name).find(({ seq }) => seq === 1);
  await worker.settle(again!, done(again!));
  expect(await worker.settle(first!, done(first!))).toEqual({ status: "gone" });
  expect(await worker.settle(again!, done(again!))).toEqual({ status: "ok" });
});

test("what another instance settled meanwhile is not ours", async () => {
  const [first] = worker.take(SPEC.name);
  await worker.now(worker.session.close({ clean: false }));
  const other = await connect({ instance: "other" });
  for (const delivery of other.take(SPEC.name)) await other.settle(delivery, done(delivery));
  await other.now(other.session.close({ clean: true }));
  worker = await connect({ held: [first!] });
  expect(await worker.settle(first!, done(first!))).toEqual({ status: "gone" });
});

test("a lease that expired while its client was cut off goes on when nobody else got it", async () => {
  const [first] = worker.take(SPEC.name);
  runFor(broker, clock, LEASE_MS + 400);
  await worker.now(worker.session.close({ clean: false }));
  const back = new TestClient(broker, SPEC.name);
  const { seq, token } = first!;
  const result = await back.attach(SPEC, [{ seq, token }]);
  expect(result).toMatchObject({ ok: true, adopted: [1] });
  expect(await back.settle(first!, done(first!))).toEqual({ status: "ok" });
});

test("a token tells its grant and attempt; made-up ones tell nothing", () => {
  expect(readToken(makeToken("3.14", 2))).toEqual({ epoch: 3, grant: 14, attempt: 2 });
  for (const token of ["3.14", "", "a.b.c", "x"]) expect(readToken(token)).toBeUndefined();
});
