/** Random histories with crashes: whatever happens, each acknowledged signal is settled once and the counts agree. */
import { expect, test } from "bun:test";
import { CuriosityInvestigate, InvestigationComplete, createChild, createRoot } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "./broker.ts";
import type { GrantedDelivery, SettleItem } from "./broker_types.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const WORKER = {
  name: "investigation-consumer",
  signals: ["Q_CURIOSITY_INVESTIGATE"],
  start: { from: "earliest" },
  attemptsMax: 50,
} as const;
const READER = {
  name: "capability-integrator",
  signals: ["Q_INVESTIGATION_COMPLETE"],
  start: { from: "earliest" },
} as const;

type Step =
  | "publish"
  | "republish"
  | "work"
  | "fail"
  | "release"
  | "dead"
  | "plan"
  | "kill worker"
  | "leave"
  | "kill bus"
  | "wait";
const STEPS: Step[] = [
  "publish",
  "publish",
  "republish",
  "work",
  "work",
  "work",
  "fail",
  "release",
  "dead",
  "plan",
  "kill worker",
  "leave",
  "kill bus",
  "wait",
];

/** One history: a bus over a file, a router, a worker that answers each question, and what must come out of it. */
class History {
  readonly #path: string;
  broker!: Broker;
  clock!: TestClock;
  worker!: TestClient;
  router!: TestClient;
  held: GrantedDelivery[] = [];
  readonly acknowledged = new Map<string, Envelope>();
  readonly #dead = new Set<string>();
  #lives = 0;
  #n = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async startBus(): Promise<void> {
    ({ broker: this.broker, clock: this.clock } = testBroker({ path: this.#path }));
    this.router = new TestClient(this.broker, "intent-router");
    await this.startWorker();
  }

  async startWorker(): Promise<void> {
    this.worker = new TestClient(this.broker, "investigation-consumer", {
      instance: `life ${++this.#lives}`,
    });
    this.held = [];
    expect(await this.worker.attach(WORKER)).toMatchObject({ ok: true });
  }

  async run(step: Step): Promise<void> {
    if (step === "publish") return this.publish(this.question());
    if (step === "republish") {
      const [known] = this.acknowledged.values();
      return known === undefined ? undefined : this.publish(known);
    }
    if (step === "wait") return runFor(this.broker, this.clock, 2000);
    if (step === "kill bus") return this.restartBus();
    if (step === "kill worker" || step === "leave") return this.restartWorker(step === "leave");
    this.held.push(...this.worker.take(WORKER.name, 3 + this.#n));
    const next = this.held.shift();
    if (next !== undefined) await this.settle(next, step);
  }

  async settle(delivery: GrantedDelivery, step: Step): Promise<void> {
    if (step === "plan") {
      await this.worker.now(this.worker.session.plan(WORKER.name, delivery.seq, delivery.token, '{"k":1}'));
      this.held.push(delivery);
      return;
    }
    const outcomes: Partial<Record<Step, SettleItem["outcome"]>> = {
      work: { kind: "done", emits: [JSON.stringify(this.answer(JSON.parse(delivery.body) as Envelope))] },
      fail: { kind: "retry", error: "no", delayMs: 100 },
      release: { kind: "release" },
      dead: { kind: "dead", reason: "terminal", error: "never" },
    };
    const result = await this.worker.settle(delivery, outcomes[step] as SettleItem["outcome"]);
    if (step === "dead" && result.status === "ok") this.#dead.add((JSON.parse(delivery.body) as Envelope).id);
  }

  /** Works off everything and compares with what was acknowledged. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      runFor(this.broker, this.clock, 400);
      this.held.push(...this.worker.take(WORKER.name, 10_000));
      for (const delivery of this.held.splice(0)) await this.settle(delivery, "work");
      const [status] = await this.broker.admin("consumers", {});
      if (status?.open === 0) break;
    }
    expect(checkJournal(this.broker)).toEqual([]);
    const reader = new TestClient(this.broker, "capability-integrator");
    await reader.attach(READER);
    const answered = reader.take(READER.name, 10_000).map((d) => (JSON.parse(d.body) as Envelope).cause);
    const letters = await this.broker.admin("deadLetters", { limit: 1000 });
    const poisoned = new Set(letters.filter((l) => l.reason === "poison").map((l) => l.id));
    const expected = [...this.acknowledged.keys()].filter((id) => !this.#dead.has(id) && !poisoned.has(id));
    expect(answered.toSorted()).toEqual(expected.toSorted());
  }

  close(): void {
    this.broker.close();
  }

  async publish(envelope: Envelope): Promise<void> {
    const [result] = await this.router.now(this.router.session.publish([JSON.stringify(envelope)]));
    if (result?.status === "stored" || result?.status === "duplicate")
      this.acknowledged.set(envelope.id, envelope);
  }

  /** The process dies: nothing that waits is committed, memory is gone. */
  async restartBus(): Promise<void> {
    this.broker.close();
    await this.startBus();
  }

  async restartWorker(clean: boolean): Promise<void> {
    await this.worker.now(this.worker.session.close({ clean }));
    await this.startWorker();
  }

  question(): Envelope {
    const n = ++this.#n;
    const facts = {
      ...CuriosityInvestigate.examples[0],
      question_id: `q.${n}`,
      priority: n % 5 === 0 ? "critical" : "normal",
    };
    return createRoot(CuriosityInvestigate, facts as never, {
      source: "intent-router",
      nowMs: 1_763_856_000_000 + n,
    });
  }

  answer(parent: Envelope): Envelope {
    const options = {
      source: "investigation-consumer",
      consumer: "investigation-consumer",
      nowMs: 1_763_856_001_000,
    };
    return createChild(parent, InvestigationComplete, InvestigationComplete.examples[0] as never, options);
  }
}

test("whatever happens, each acknowledged question is answered once or is a named dead letter, and the counts agree", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 60 }), async (steps) => {
      const dir = mkdtempSync(join(tmpdir(), "kloros-history-"));
      const history = new History(join(dir, "journal.db"));
      try {
        await history.startBus();
        for (const step of steps) {
          await history.run(step);
          expect(checkJournal(history.broker)).toEqual([]);
        }
        await history.finish();
      } finally {
        history.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
