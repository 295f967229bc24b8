/** What a faulty client or a faulty disk brings: it is refused or set aside, and everybody else goes on. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "./broker.ts";
import type { ConsumerSpec } from "./broker_types.ts";
import { JournalFullError } from "./database.ts";
import { RULES, WORKER, question, text } from "./fixtures.ts";
import { TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-journal-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const publish = (broker: Broker, ...ns: number[]) => {
  const router = new TestClient(broker, "intent-router");
  return router.now(router.session.publish(ns.map((n) => text(question(n)))));
};

/** Changes the file while no bus runs. */
function damage(sql: string): void {
  const raw = new Database(path);
  raw.run(sql);
  raw.close();
}

describe("a faulty client", () => {
  const specs: [string, Partial<Record<keyof ConsumerSpec, unknown>>][] = [
    ["a name twice", { signals: ["Q_CURIOSITY_INVESTIGATE", "Q_CURIOSITY_INVESTIGATE"] }],
    ["no start", { start: undefined }],
    ["a start of no kind", { start: { from: "yesterday" } }],
    ["an age that is no number", { start: { from: "earliest", ageMsMax: Number.NaN } }],
    ["a lease of nothing", { leaseMs: 0 }],
    ["attempts without end", { attemptsMax: Number.POSITIVE_INFINITY }],
    ["a negative backoff", { backoffMs: -1 }],
  ];
  test.each(specs)("that attaches with %s is refused", async (_what, change) => {
    const { broker } = testBroker();
    const worker = new TestClient(broker, "investigation-consumer");
    expect(await worker.attach({ ...WORKER, ...change } as never)).toMatchObject({
      ok: false,
      code: "bad_consumer",
    });
    expect(await worker.attach(WORKER)).toMatchObject({ ok: true });
    broker.close();
  });

  test.each([Number.NaN, -5, 1e300])("that asks for a retry in %p ms harms nobody", async (delayMs) => {
    const { broker } = testBroker();
    const worker = new TestClient(broker, "investigation-consumer");
    await worker.attach(WORKER);
    await publish(broker, 1, 2);
    const [a, b] = worker.take(WORKER.name);
    expect(await worker.settle(a!, { kind: "retry", error: "no", delayMs })).toEqual({ status: "ok" });
    expect(await worker.settle(b!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
    expect(checkJournal(broker)).toEqual([]);
    broker.close();
  });

  test("that gives credit that is no number gets nothing for it", async () => {
    const { broker } = testBroker();
    const worker = new TestClient(broker, "investigation-consumer");
    await worker.attach(WORKER);
    await publish(broker, 1);
    for (const total of [Number.NaN, Number.POSITIVE_INFINITY, 0.5])
      worker.session.credit(WORKER.name, "normal", total);
    broker.flush();
    expect(worker.inbox).toEqual([]);
    broker.close();
  });

  test("whose operation fails does not fail its neighbours in the same transaction", async () => {
    let fatal: unknown;
    const { broker } = testBroker({ onFatal: (error) => (fatal = error) });
    const bad = broker
      .run(() => {
        throw new Error("a bug");
      })
      .catch(String);
    const [stored] = await publish(broker, 1);
    expect(stored).toEqual({ status: "stored", seq: 1 });
    expect(await bad).toContain("a bug");
    expect(fatal).toBeUndefined();
    expect(broker.counters["failed"]).toBe(1);
    broker.close();
  });

  test("whose emitted signal contradicts a stored one is counted: the first stays", async () => {
    const { broker } = testBroker();
    const worker = new TestClient(broker, "investigation-consumer");
    const router = new TestClient(broker, "intent-router");
    const own = { name: "intent-router", signals: [...WORKER.signals], start: WORKER.start };
    await router.attach(own);
    await worker.attach(WORKER);
    await publish(broker, 1, 2);
    const [d] = router.take("intent-router");
    const other = { ...question(3), id: question(2).id, trace: question(2).id };
    const stored = (await broker.read({})).items[1]!.envelope;
    expect(
      await router.settle(d!, { kind: "done", emits: [text({ ...other, id: stored.id, trace: stored.id })] }),
    ).toEqual({ status: "ok" });
    expect(broker.counters["conflict"]).toBe(1);
    broker.close();
  });
});

describe("a damaged row", () => {
  const start = async (): Promise<{ broker: Broker; worker: TestClient }> => {
    const { broker } = testBroker({ path });
    return { broker, worker: new TestClient(broker, "investigation-consumer", { instance: "next" }) };
  };

  test("that was a suspect is set aside and blocks nothing", async () => {
    const first = await start();
    await first.worker.attach(WORKER);
    await publish(first.broker, 1, 2);
    first.worker.session.credit(WORKER.name, "normal", 1);
    first.broker.flush();
    await first.worker.now(first.worker.session.close({ clean: false }));
    first.broker.close();
    damage("UPDATE delivery SET attempt = 7 WHERE seq = 1");
    const { broker, worker } = await start();
    await worker.attach(WORKER);
    const taken = [...worker.take(WORKER.name), ...worker.take(WORKER.name)];
    expect(taken.map((d) => d.seq)).toEqual([2]);
    expect((await broker.admin("consumers", {}))[0]).toMatchObject({ damaged: 1 });
    broker.close();
  });

  test("of state that is needed is set aside and counted; its consumer goes on without it", async () => {
    const spec = { ...WORKER, stateKey: "" };
    const first = await start();
    await first.worker.attach(spec);
    await publish(first.broker, 1, 2);
    const [d] = first.worker.take(WORKER.name);
    await first.worker.settle(d!, { kind: "done", emits: [], state: '{"seen":1}' });
    first.broker.close();
    const { broker, worker } = await start();
    broker.db.handle.run("UPDATE state SET value = replace(value, '1}', '9}')");
    await worker.attach(spec);
    worker.take(WORKER.name);
    expect(worker.take(WORKER.name)).toMatchObject([{ seq: 2, state: null }]);
    expect(broker.counters["damaged"]).toBe(1);
    const [row] = broker.db.handle.query<{ what: string }, []>("SELECT what FROM damage").all();
    expect(row?.what).toContain('{"seen":9}');
    broker.close();
  });

  test("is named by a read, which gives its neighbours", async () => {
    const first = await start();
    await publish(first.broker, 1, 2, 3);
    first.broker.close();
    damage("UPDATE signal SET body = substr(body, 5) WHERE seq = 2");
    const { broker } = await start();
    const page = await broker.read({});
    expect(page.items.map((item) => item.seq)).toEqual([1, 3]);
    expect(page.damaged).toEqual([2]);
    expect((await broker.read({})).next).toBeNull();
    broker.close();
  });

  test("does not take the bus down when its signal is published again, or listed as a dead letter", async () => {
    const first = await start();
    await first.worker.attach(WORKER);
    const body = text(question(1));
    const router = new TestClient(first.broker, "intent-router");
    await router.now(router.session.publish([body]));
    const [d] = first.worker.take(WORKER.name);
    await first.worker.settle(d!, { kind: "dead", reason: "terminal", error: "no" });
    first.broker.close();
    damage("UPDATE signal SET body = substr(body, 5) WHERE seq = 1");
    const { broker } = await start();
    const again = new TestClient(broker, "intent-router");
    expect(await again.now(again.session.publish([body]))).toMatchObject([{ status: "conflict" }]);
    expect(await broker.admin("deadLetters", {})).toMatchObject([{ n: 1, signal: expect.any(String) }]);
    broker.close();
  });
});

describe("a full disk", () => {
  /** Every transaction that writes signals or deliveries finds the disk full until told otherwise. */
  function fill(broker: Broker): { empty(): void } {
    const { db } = broker;
    const real = db.transaction.bind(db);
    db.transaction = () => {
      throw new JournalFullError("no space left");
    };
    return { empty: () => (db.transaction = real) };
  }

  test("during an expiry, a close or a damaged row rejects nothing unheard, and all goes on afterwards", async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on("unhandledRejection", hear);
    const { broker, clock } = testBroker();
    const worker = new TestClient(broker, "investigation-consumer");
    const rules = new TestClient(broker, RULES.name);
    await worker.attach({ ...WORKER, leaseMs: 1000 });
    await rules.attach({ ...RULES, signals: WORKER.signals });
    await publish(broker, 1, 2, 3);
    worker.take(WORKER.name);
    broker.db.handle.run("UPDATE delivery SET attempt = 9 WHERE cid = 2 AND seq = 1");
    const full = fill(broker);
    expect(rules.take(RULES.name).map((d) => d.seq)).toEqual([2, 3]);
    runFor(broker, clock, 1400);
    await worker.now(worker.session.close({ clean: false }));
    await Bun.sleep(0);
    full.empty();
    const next = new TestClient(broker, "investigation-consumer", { instance: "next" });
    await next.attach(WORKER);
    expect(next.take(WORKER.name)).toHaveLength(3);
    runFor(broker, clock, 200);
    expect((await broker.admin("consumers", {}))[1]).toMatchObject({ damaged: 1, leased: 2 });
    expect(checkJournal(broker)).toEqual([]);
    broker.close();
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
  });

  test("that has room for some takes those: what is too large is busy, its neighbours are stored", async () => {
    const { broker } = testBroker();
    const router = new TestClient(broker, "intent-router");
    const real = broker.db.transaction.bind(broker.db);
    let left = 1;
    broker.db.transaction = (work) => {
      if (left-- > 0) throw new JournalFullError("no space left");
      return real(work);
    };
    const first = router.session.publish([text(question(1))]);
    const second = router.session.publish([text(question(2))]);
    broker.flush();
    expect([...(await first), ...(await second)].map((r) => r.status)).toEqual(["stored", "stored"]);
    broker.close();
  });
});

describe("a listener or client that throws", () => {
  test("does not keep the others from what was committed", async () => {
    const { broker } = testBroker();
    broker.onLive(() => {
      throw new Error("a listener's bug");
    });
    const heard: string[] = [];
    broker.onLive((name) => heard.push(name));
    const worker = new TestClient(broker, "investigation-consumer");
    await worker.attach(WORKER);
    worker.session.credit(WORKER.name, "normal", 10);
    expect(await publish(broker, 1)).toMatchObject([{ status: "stored" }]);
    expect(heard).toEqual(["Q_CURIOSITY_INVESTIGATE"]);
    expect(worker.inbox).toHaveLength(1);
    broker.close();
  });
});

test("a read after the close is refused instead of waiting for ever", async () => {
  const { broker } = testBroker({ path });
  await broker.read({});
  broker.close();
  expect(await broker.read({}).catch(String)).toContain("closed");
});
