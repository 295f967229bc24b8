import { describe, expect, test } from "bun:test";
import {
  CuriosityInvestigate,
  InvestigationComplete,
  LoopDetected,
  ModuleIntegrated,
  createChild,
  createRoot,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Broker } from "./broker.ts";
import { WORKER, alert, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const RATE_MAX = 10;
const LISTENER = {
  name: "orchestrator-monitor",
  signals: ["Q_LOOP_DETECTED", "Q_INVESTIGATION_TIMEOUT"],
  start: { from: "earliest" },
} as const;

class Ring {
  readonly broker: Broker;
  readonly clock: TestClock;
  readonly router: TestClient;
  readonly worker: TestClient;
  readonly monitor: TestClient;
  #n = 0;

  constructor() {
    ({ broker: this.broker, clock: this.clock } = testBroker());
    this.router = new TestClient(this.broker, "intent-router");
    this.worker = new TestClient(this.broker, WORKER.name);
    this.monitor = new TestClient(this.broker, LISTENER.name);
  }

  static async open(): Promise<Ring> {
    const ring = new Ring();
    await ring.worker.attach({ ...WORKER, leaseMs: 24 * 3_600_000 });
    await ring.monitor.attach(LISTENER);
    return ring;
  }

  /** The same question each time, as an intent file would ask it. */
  again(more: Readonly<Record<string, unknown>> = {}): Envelope {
    const facts = { ...question(1).facts, ...more };
    return createRoot(CuriosityInvestigate, facts as never, { source: "intent-router", nowMs: ++this.#n });
  }

  async ask(...envelopes: Envelope[]): Promise<string[]> {
    const results = await this.router.now(this.router.session.publish(envelopes.map(text)));
    return results.map(({ status }) => status);
  }

  asked(): unknown[] {
    return this.worker.take(WORKER.name).map((d) => (JSON.parse(d.body) as Envelope).facts["question_id"]);
  }

  loops(): Envelope[] {
    return this.monitor
      .take(LISTENER.name)
      .map((d) => JSON.parse(d.body) as Envelope)
      .filter(({ signal }) => signal === LoopDetected.name);
  }

  run(ms: number): void {
    runFor(this.broker, this.clock, ms);
  }

  close(): void {
    expect(checkJournal(this.broker)).toEqual([]);
    this.broker.close();
  }
}

/** Asks again because of `parent`. */
function because(
  parent: Envelope,
  n: number,
  more: Readonly<Record<string, unknown>> = {},
  effectKey = "",
): Envelope {
  const facts = { ...question(1).facts, ...more };
  return createChild(parent, CuriosityInvestigate, facts as never, {
    source: "policy-engine",
    consumer: "policy-engine",
    effectKey,
    nowMs: n,
  });
}

function found(parent: Envelope): Envelope {
  const { question_id, evidence } = parent.facts;
  const facts = { ...InvestigationComplete.examples[0], question_id, evidence };
  return createChild(parent, InvestigationComplete, facts as never, {
    source: WORKER.name,
    consumer: WORKER.name,
    nowMs: 1,
  });
}

describe("the same question for the third time in one chain", () => {
  test("is stored and reaches nobody; it is a dead letter and told of once", async () => {
    const ring = await Ring.open();
    const policy = new TestClient(ring.broker, "policy-engine");
    const root = ring.again();
    await ring.ask(root);
    const answers = [found(root)];
    const second = because(answers[0] as Envelope, 1);
    answers.push(found(second));
    const last = answers[1] as Envelope;
    // Two rules react to it.
    const thirds = ["a", "b"].map((rule) => because(last, 2, {}, rule));
    for (const [client, ...said] of [
      [ring.worker, answers[0]],
      [policy, second],
      [ring.worker, last],
      [policy, ...thirds],
    ] as [TestClient, ...Envelope[]][]) {
      const results = await client.now(client.session.publish(said.map(text)));
      expect(results.map(({ status }) => status)).toEqual(said.map(() => "stored"));
    }
    expect(ring.asked()).toEqual(["q.1", "q.1"]);
    const letters = await ring.broker.admin("deadLetters", {});
    expect(letters.filter(({ reason }) => reason === "loop")).toMatchObject(
      thirds.map(({ id }) => ({ consumer: WORKER.name, id, attempts: 0 })),
    );
    const [Q, A] = [CuriosityInvestigate.name, InvestigationComplete.name];
    expect(ring.loops()).toMatchObject([
      { facts: { rule: "cycle", trace: root.id, cut_signal_id: thirds[0]?.id, path: [Q, A, Q, A, Q] } },
    ]);
    ring.close();
  });

  test("is found across its own timeouts, which begin chains of their own (the feedback loop)", async () => {
    const ring = await Ring.open();
    const policy = new TestClient(ring.broker, "policy-engine");
    await ring.ask(ring.again());
    let rounds = 0;
    for (let passed = 0; passed < 6 * 660_000; passed += 10_000) {
      ring.worker.take(WORKER.name);
      ring.run(10_000);
      for (const delivery of ring.monitor.take(LISTENER.name)) {
        const heard = JSON.parse(delivery.body) as Envelope;
        await ring.monitor.settle(delivery, { kind: "done", emits: [] });
        if (heard.signal !== "Q_INVESTIGATION_TIMEOUT") continue;
        rounds += 1;
        await policy.now(policy.session.publish([text(because(heard, rounds))]));
      }
    }
    expect(rounds).toBe(2);
    expect((await ring.broker.read({ signals: [LoopDetected.name] })).items).toHaveLength(1);
    expect(await ring.broker.admin("status", {})).toMatchObject({
      deadlines: { fired: 2, withdrawn: 1, armed: 0, running: 0 },
    });
    ring.close();
  });

  test("is none with new evidence, nor in chains that only look alike", async () => {
    const ring = await Ring.open();
    const policy = new TestClient(ring.broker, "policy-engine");
    let last = ring.again();
    await ring.ask(last);
    for (let round = 1; round < 8; round++) {
      const answer = found(last);
      await ring.worker.now(ring.worker.session.publish([text(answer)]));
      last = because(answer, round, { evidence: [`found:${round}`] });
      await policy.now(policy.session.publish([text(last)]));
    }
    for (let n = 0; n < 5; n++) {
      const root = ring.again({ question_id: `other.${n}` });
      await ring.ask(root);
      await policy.now(policy.session.publish([text(because(root, n, { question_id: "shared" }))]));
    }
    expect(ring.loops()).toEqual([]);
    expect(ring.asked()).toHaveLength(8 + 10);
    ring.close();
  });

  test("is found within one transaction, and what a transaction that failed said is not counted", async () => {
    const ring = await Ring.open();
    const policy = new TestClient(ring.broker, "policy-engine");
    const root = ring.again();
    const second = because(root, 1);
    const third = because(second, 2);
    await ring.ask(root);
    const failing = ring.broker.run(() => {
      throw new Error("a bug");
    });
    void policy.session.publish([text(second)]);
    expect(await policy.now(failing.catch(String))).toContain("a bug");
    await policy.now(policy.session.publish([text(third)]));
    expect(ring.loops()).toMatchObject([{ facts: { cut_signal_id: third.id } }]);
    ring.close();
  });

  test("goes to its consumer when a person retries it, and is timed", async () => {
    const ring = await Ring.open();
    const policy = new TestClient(ring.broker, "policy-engine");
    const root = ring.again();
    const second = because(root, 1);
    await ring.ask(root);
    await policy.now(policy.session.publish([second, because(second, 2)].map(text)));
    const [letter] = await ring.broker.admin("deadLetters", { consumer: WORKER.name });
    expect(ring.asked()).toHaveLength(2);
    const retried = ring.broker.admin("retryDeadLetter", { n: letter?.n ?? 0 });
    expect(await ring.router.now(retried)).toMatchObject({ retried: true });
    expect(ring.asked()).toHaveLength(1);
    ring.run(2000);
    expect(await ring.broker.admin("status", {})).toMatchObject({ deadlines: { running: 3, withdrawn: 0 } });
    ring.close();
  });
});

describe("the same question without a cause", () => {
  test("more than ten times in ten minutes is cut and told of once, until it has been quiet", async () => {
    const ring = await Ring.open();
    for (let n = 0; n < RATE_MAX + 5; n++) {
      expect(await ring.ask(ring.again())).toEqual(["stored"]);
      ring.run(20_000);
    }
    expect(ring.asked()).toHaveLength(RATE_MAX);
    expect(ring.loops()).toMatchObject([{ facts: { rule: "rate", path: [CuriosityInvestigate.name] } }]);
    ring.run(600_000);
    await ring.ask(ring.again());
    expect(ring.asked()).toHaveLength(1);
    ring.close();
  });

  test("counts each of many in one transaction", async () => {
    const ring = await Ring.open();
    await ring.ask(...Array.from({ length: 20 }, () => ring.again()));
    expect(ring.asked()).toHaveLength(RATE_MAX);
    expect(ring.loops()).toHaveLength(1);
    ring.close();
  });

  test("ten times in ten minutes is none, nor is the same file read again", async () => {
    const ring = await Ring.open();
    const file = ring.again({ question_id: "file" });
    for (let minute = 0; minute < 60; minute++) {
      await ring.ask(ring.again(), file);
      ring.run(61_000);
    }
    expect(ring.loops()).toEqual([]);
    ring.close();
  });

  test("is none when a person asks", async () => {
    const ring = await Ring.open();
    const operator = new TestClient(ring.broker, "operator");
    for (let n = 0; n < 20; n++) {
      const asked = { ...ring.again(), source: "operator" };
      await operator.now(operator.session.publish([text(asked)]));
    }
    expect(ring.asked()).toHaveLength(20);
    ring.close();
  });
});

test("a loop does not hold up, delay or cut what is unrelated", async () => {
  const ring = await Ring.open();
  for (let n = 0; n < 200; n++) {
    await ring.ask(ring.again(), question(1000 + n));
    await ring.monitor.now(ring.monitor.session.publish([text(alert(1))]));
    ring.run(200);
  }
  const others = ring.asked().filter((id) => id !== "q.1");
  expect(others).toEqual(Array.from({ length: 200 }, (_, n) => `q.${1000 + n}`));
  ring.close();
});

test("advisories are repeated on purpose, however often", async () => {
  const ring = await Ring.open();
  await ring.monitor.now(
    ring.monitor.session.publish(Array.from({ length: 50 }, (_, n) => text({ ...alert(1), ...ids(n) }))),
  );
  expect(ring.loops()).toEqual([]);
  ring.close();
});

function ids(n: number): Pick<Envelope, "id" | "trace"> {
  const id = ringId(n);
  return { id, trace: id };
}

const ringId = (n: number): string => `019a81ea-3040-7000-8000-${n.toString(16).padStart(12, "0")}`;

test("an integration that happens again and again because of other answers is no loop", async () => {
  const ring = await Ring.open();
  const integrator = new TestClient(ring.broker, "capability-integrator");
  for (let n = 0; n < 20; n++) {
    const root = question(n);
    const answer = found(root);
    await ring.ask(root);
    await ring.worker.now(ring.worker.session.publish([text(answer)]));
    const done = createChild(answer, ModuleIntegrated, ModuleIntegrated.examples[0] as never, {
      source: "capability-integrator",
      consumer: "capability-integrator",
      nowMs: n,
    });
    await integrator.now(integrator.session.publish([text(done)]));
  }
  expect(ring.loops()).toEqual([]);
  ring.close();
});
