import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DreamComplete, DreamTrigger, createChild, createRoot } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GRACE_MS,
  HANGING,
  House,
  LIMIT_MS,
  MONITOR,
  answerTo,
  answerWithoutCause,
  said,
} from "./deadline_house.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { TestClient, testBroker } from "../testing.ts";

const TIMEOUT = { signal: "Q_INVESTIGATION_TIMEOUT", late: false };
const COMPLETE = { signal: "Q_INVESTIGATION_COMPLETE", late: false };

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-deadline-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("a request that is not answered in time", () => {
  test("ends in exactly one timeout, ten minutes after its worker got it", async () => {
    const house = new House();
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.run(LIMIT_MS * 2);
    expect(house.heard()).toEqual([]);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS - 1000);
    expect(house.heard()).toEqual([]);
    house.run(2000);
    const [timeout, ...more] = house.listen().map(said);
    expect(more).toEqual([]);
    expect(timeout).toMatchObject({
      signal: "Q_INVESTIGATION_TIMEOUT",
      source: "chemical-bus",
      cause: asked.id,
      facts: { question_id: "q.1", timeout_seconds: 600, request_id: asked.id },
    });
    expect(timeout?.facts["suggested_action"]).toBeString();
    house.run(LIMIT_MS * 2);
    expect(house.heard()).toEqual([]);
    expect(house.states()).toEqual([{ seq: 1, state: 3, answer: 0, late: null }]);
    house.close();
  });

  test("counts from the first grant, whatever happens to the lease", async () => {
    const house = new House();
    await house.open({ ...HANGING, leaseMs: 5000 });
    await house.ask(question(1));
    house.worker.take(WORKER.name);
    for (let passed = 0; passed < LIMIT_MS + GRACE_MS; passed += 5000) {
      house.run(5000);
      house.worker.take(WORKER.name);
    }
    // Five attempts made a dead letter of it long ago: whoever asked hears of the timeout all the same.
    expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
    expect(await house.broker.admin("deadLetters", { consumer: WORKER.name })).toMatchObject([
      { reason: "attempts" },
    ]);
    house.close();
  });

  test("of D-REAM is told in half an hour, and answered only by what it caused", async () => {
    const house = new House();
    await house.open();
    const dream = new TestClient(house.broker, "dream-consumer");
    await dream.attach({ ...HANGING, name: "dream-consumer", signals: [DreamTrigger.name] });
    const policy = new TestClient(house.broker, "policy-engine");
    const trigger = (n: number): Envelope =>
      createRoot(DreamTrigger, { ...DreamTrigger.examples[0], reason: `reason ${n}` } as never, {
        source: "policy-engine",
        nowMs: n,
      });
    const [first, second] = [trigger(1), trigger(2)];
    await policy.now(policy.session.publish([text(first), text(second)]));
    dream.take("dream-consumer");
    const coalesced = createChild(
      second,
      DreamComplete,
      { ...DreamComplete.examples[1], outcome: "coalesced" } as never,
      {
        source: "dream-consumer",
        consumer: "dream-consumer",
        nowMs: 3,
      },
    );
    await dream.now(dream.session.publish([text(coalesced)]));
    house.run(31 * 60_000);
    expect(house.listen().map((d) => said(d).facts)).toMatchObject([
      { request_id: first.id, timeout_seconds: 1800 },
    ]);
    house.close();
  });

  test("by a damaged delivery is told as well", async () => {
    const house = new House(path);
    await house.open();
    await house.ask(question(1));
    house.broker.db.handle.run("UPDATE delivery SET attempt = 7");
    house.worker.take(WORKER.name);
    house.broker.tick();
    house.run(LIMIT_MS + GRACE_MS);
    expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
    house.broker.close();
  });
});

describe("an answer", () => {
  test("in time closes its deadline: by its cause, or by the same question", async () => {
    const house = new House();
    await house.open();
    const [a, b, c] = [question(1), question(2), question(3)];
    await house.ask(a, b, c);
    house.worker.take(WORKER.name);
    await house.answer(answerTo(a, { question_id: "another" }), answerWithoutCause("q.2"));
    house.run(LIMIT_MS + GRACE_MS);
    expect(house.heard().filter(({ signal }) => signal === TIMEOUT.signal)).toEqual([
      { ...TIMEOUT, question: "q.3" },
    ]);
    house.close();
  });

  test("closes one of two requests for the same question, the older one", async () => {
    const house = new House();
    await house.open();
    await house.ask(question(1), question(1, { evidence: ["new:1"] }));
    house.worker.take(WORKER.name);
    await house.answer(answerWithoutCause("q.1"));
    expect(house.states()).toMatchObject([
      { seq: 1, state: 2, answer: 3 },
      { seq: 2, state: 1, answer: 0 },
    ]);
    house.close();
  });

  test("that comes after the timeout is delivered and marked late, once", async () => {
    const house = new House();
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS + GRACE_MS);
    await house.answer(answerTo(asked), answerWithoutCause("q.1"));
    expect(house.heard()).toEqual([
      { ...TIMEOUT, question: "q.1" },
      { ...COMPLETE, question: "q.1", late: true },
      { ...COMPLETE, question: "q.1" },
    ]);
    const [row] = house.states() as { late: number }[];
    expect(row).toMatchObject({ state: 3, answer: 3 });
    expect(row?.late).toBeGreaterThan(0);
    expect(await house.broker.admin("status", {})).toMatchObject({
      deadlines: { fired: 1, late: 1, running: 0 },
    });
    house.close();
  });

  test("that is the second late one of its request closes nothing and is not late", async () => {
    const house = new House();
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS + GRACE_MS);
    await house.answer(answerTo(asked));
    const before = house.states();
    const { trace, hops, id: cause } = asked;
    await house.answer({ ...answerWithoutCause("q.1"), trace, hops: hops + 1, cause });
    expect(house.heard().map((one) => one?.late)).toEqual([false, true, false]);
    expect(house.states()).toEqual(before);
    house.close();
  });

  test("that waits in the input when its deadline passes is heard first", async () => {
    const house = new House();
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS - 1000);
    house.clock.advance(200);
    for (let step = 0; step < 20; step++) {
      house.clock.advance(200);
      house.broker.tick({ drained: false });
    }
    expect(house.heard()).toEqual([]);
    void house.worker.session.publish([text(answerTo(asked))]);
    house.broker.tick();
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([{ ...COMPLETE, question: "q.1" }]);
    house.close();
  });
});

describe("over a restart", () => {
  test("a deadline that fell due while the bus was down fires, once, after a few seconds", async () => {
    const house = new House(path);
    await house.open();
    await house.ask(question(1));
    house.worker.take(WORKER.name);
    house.run(2000);
    await house.reopen(LIMIT_MS);
    house.run(4000);
    expect(house.heard()).toEqual([]);
    house.run(2000);
    expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
    await house.reopen(LIMIT_MS);
    house.run(GRACE_MS);
    expect(house.states()).toMatchObject([{ state: 3 }]);
    expect((await house.broker.read({ signals: [TIMEOUT.signal] })).items).toHaveLength(1);
    house.close();
  });

  test("an answer that was held back meanwhile is in time, when it is said in those seconds", async () => {
    const house = new House(path);
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.worker.take(WORKER.name);
    house.run(2000);
    await house.reopen(LIMIT_MS);
    house.run(3000);
    await house.answer(answerTo(asked));
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([{ ...COMPLETE, question: "q.1" }]);
    house.close();
  });

  test("what was answered before stays answered", async () => {
    const house = new House(path);
    await house.open();
    const asked = question(1);
    await house.ask(asked);
    house.worker.take(WORKER.name);
    await house.answer(answerTo(asked));
    await house.reopen(LIMIT_MS * 2);
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([{ ...COMPLETE, question: "q.1" }]);
    house.close();
  });

  test("a start that no transaction took along is as if there was no grant: the next one starts it", async () => {
    const house = new House(path);
    await house.open();
    await house.ask(question(1));
    house.worker.take(WORKER.name);
    await house.reopen(LIMIT_MS * 2);
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([]);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS + GRACE_MS);
    expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
    house.close();
  });

  test("a worker that goes on with its lease is timed although the bus forgot the grant", async () => {
    const house = new House(path);
    await house.open();
    await house.ask(question(1));
    const held = house.worker.take(WORKER.name).map(({ seq, token }) => ({ seq, token }));
    house.broker.close();
    const after = testBroker({ path, clock: house.clock }).broker;
    house.broker = after;
    house.monitor = new TestClient(after, MONITOR.name, { instance: "next" });
    await house.monitor.attach(MONITOR);
    const worker = new TestClient(after, WORKER.name, { instance: "worker 1" });
    expect(await worker.attach(HANGING, held)).toMatchObject({ adopted: [1] });
    house.run(LIMIT_MS + GRACE_MS);
    expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
    house.close();
  });
});

describe("the clock", () => {
  test("a step of the wall clock fires nothing and freezes nothing, also over a restart", async () => {
    for (const step of [-3_600_000, 3_600_000]) {
      const house = new House(join(dir, `${step}.db`));
      await house.open();
      await house.ask(question(1));
      house.worker.take(WORKER.name);
      house.run(2000);
      house.clock.stepWall(step);
      house.run(LIMIT_MS / 2);
      await house.reopen();
      house.clock.stepWall(step);
      house.run(LIMIT_MS / 2 - 10_000);
      expect(house.heard()).toEqual([]);
      house.run(20_000);
      expect(house.heard()).toEqual([{ ...TIMEOUT, question: "q.1" }]);
      house.close();
    }
  });

  test("over a boot of the machine the wall clock tells, and never less than nothing passed", async () => {
    for (const [awayMs, timeouts] of [
      [LIMIT_MS, 1],
      [-3_600_000, 0],
    ] as const) {
      const house = new House(join(dir, `${awayMs}.db`));
      await house.open();
      await house.ask(question(1));
      house.worker.take(WORKER.name);
      house.run(2000);
      house.broker.close();
      house.clock.reboot();
      house.clock.stepWall(awayMs);
      await house.open();
      house.run(GRACE_MS);
      expect(house.heard()).toHaveLength(timeouts);
      house.run(LIMIT_MS);
      expect(house.heard()).toHaveLength(1 - timeouts);
      house.close();
    }
  });

  test("a bus that was stopped lets nothing fire for it, and hears its clients first", async () => {
    const house = new House();
    await house.open();
    const [a, b] = [question(1), question(2)];
    await house.ask(a, b);
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS - 2000);
    house.clock.advance(3_600_000);
    house.broker.tick();
    house.run(4000);
    expect(house.heard()).toEqual([]);
    await house.answer(answerTo(a));
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([
      { ...COMPLETE, question: "q.1" },
      { ...TIMEOUT, question: "q.2" },
    ]);
    house.close();
  });
});

test("requests that wait behind four workers fire nothing, however many and however long", async () => {
  const house = new House();
  await house.open();
  const count = 44_638;
  for (let from = 0; from < count; from += 512)
    await house.ask(...Array.from({ length: Math.min(512, count - from) }, (_, i) => question(from + i)));
  const held = house.worker.take(WORKER.name, 4);
  expect(held).toHaveLength(4);
  for (let hour = 0; hour < 3; hour++) {
    for (const delivery of held.splice(0)) {
      const emits = [text(answerTo(said(delivery)))];
      await house.worker.settle(delivery, { kind: "done", emits });
    }
    house.run(LIMIT_MS - 10_000);
    house.worker.session.credit(WORKER.name, "normal", 4 * (hour + 2));
    house.broker.flush();
    held.push(...house.worker.inbox.splice(0));
    expect(held).toHaveLength(4);
  }
  house.run(2000);
  expect(house.heard().filter(({ signal }) => signal === TIMEOUT.signal)).toEqual([]);
  expect(await house.broker.admin("status", {})).toMatchObject({
    deadlines: { armed: count - 16, running: 4, answered: 12, fired: 0 },
  });
  house.broker.close();
}, 60_000);

describe("a consumer that goes", () => {
  test("takes the deadlines of what it was asked along; one that comes later is asked and timed", async () => {
    const house = new House();
    await house.open();
    await house.ask(question(1), question(2));
    house.worker.take(WORKER.name, 1);
    house.run(2000);
    await house.worker.now(house.worker.session.close({ clean: true }));
    await house.router.now(house.broker.admin("removeConsumer", { name: WORKER.name }));
    expect(house.states()).toMatchObject([{ state: 4 }, { state: 4 }]);
    house.run(LIMIT_MS * 2);
    expect(house.heard()).toEqual([]);
    const next = new TestClient(house.broker, WORKER.name, { instance: "next" });
    await next.attach(HANGING);
    next.take(WORKER.name);
    house.run(LIMIT_MS + GRACE_MS);
    expect(house.heard()).toMatchObject([{ question: "q.1" }, { question: "q.2" }]);
    house.close();
  });
});
