/** For the tests of deadlines: a bus with somebody who asks, a worker, and somebody who hears of timeouts. */
import { expect } from "bun:test";
import { InvestigationComplete, createChild, createRoot } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Broker } from "../broker.ts";
import type { GrantedDelivery } from "../broker_types.ts";
import { WORKER, text } from "../fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker, testClock } from "../testing.ts";

export const LIMIT_MS = 600_000;
export const GRACE_MS = 6000;
export const MONITOR = {
  name: "orchestrator-monitor",
  signals: ["Q_INVESTIGATION_TIMEOUT", "Q_DREAM_TIMEOUT", "Q_INVESTIGATION_COMPLETE"],
  start: { from: "earliest" },
} as const;
/** Its lease never ends: it hangs. */
export const HANGING = { ...WORKER, leaseMs: 24 * 3_600_000 };

export const said = (delivery: GrantedDelivery): Envelope => JSON.parse(delivery.body) as Envelope;

export function answerTo(parent: Envelope, more: Readonly<Record<string, unknown>> = {}): Envelope {
  const facts = { ...InvestigationComplete.examples[0], question_id: parent.facts["question_id"], ...more };
  return createChild(parent, InvestigationComplete, facts as never, {
    source: WORKER.name,
    consumer: WORKER.name,
    nowMs: 1_763_856_001_000,
  });
}

export function answerWithoutCause(questionId: string): Envelope {
  const facts = { ...InvestigationComplete.examples[0], question_id: questionId };
  return createRoot(InvestigationComplete, facts as never, { source: WORKER.name, nowMs: 1_763_856_001_000 });
}

/** A bus, a worker, somebody who asks and somebody who hears of timeouts. */
export class House {
  readonly clock: TestClock;
  broker!: Broker;
  router!: TestClient;
  worker!: TestClient;
  monitor!: TestClient;
  #path: string;
  #lives = 0;

  constructor(path = ":memory:") {
    this.#path = path;
    this.clock = testClock();
  }

  async open(worker: typeof HANGING = HANGING): Promise<void> {
    this.broker = testBroker({ path: this.#path, clock: this.clock }).broker;
    this.#lives += 1;
    this.router = new TestClient(this.broker, "intent-router");
    this.monitor = new TestClient(this.broker, MONITOR.name, { instance: `monitor ${this.#lives}` });
    this.worker = new TestClient(this.broker, WORKER.name, { instance: `worker ${this.#lives}` });
    expect(await this.monitor.attach(MONITOR)).toMatchObject({ ok: true });
    expect(await this.worker.attach(worker)).toMatchObject({ ok: true });
  }

  async reopen(awayMs = 0): Promise<void> {
    this.broker.close();
    this.clock.advance(awayMs);
    await this.open();
  }

  async ask(...envelopes: Envelope[]): Promise<void> {
    await this.router.now(this.router.session.publish(envelopes.map(text)));
  }

  async answer(...envelopes: Envelope[]): Promise<void> {
    await this.worker.now(this.worker.session.publish(envelopes.map(text)));
  }

  run(ms: number): void {
    runFor(this.broker, this.clock, ms);
  }

  /** What the monitor gets now; it is done with it at once. */
  listen(): GrantedDelivery[] {
    const got = this.monitor.take(MONITOR.name);
    const outcome = { kind: "done", emits: [] } as const;
    const items = got.map(({ seq, token }) => ({ seq, token, outcome }));
    void this.monitor.session.settle(MONITOR.name, items);
    this.broker.flush();
    return got;
  }

  heard(): { signal: string; question: unknown; late: boolean }[] {
    return this.listen().map((d) => ({
      signal: said(d).signal,
      question: said(d).facts["question_id"],
      late: d.late,
    }));
  }

  states(): unknown[] {
    return this.broker.db.handle
      .query("SELECT request_seq AS seq, state, closed_by AS answer, late_ms AS late FROM deadline")
      .all();
  }

  close(): void {
    expect(checkJournal(this.broker)).toEqual([]);
    this.broker.close();
  }
}
