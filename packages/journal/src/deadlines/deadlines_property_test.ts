/**
 * Random histories of requests over restarts, stops and steps of the wall clock: each request that was given to its worker ends
 * in exactly one of an answer in time and a timeout, never before its time; what still waits ends in neither.
 *
 * `KLOROS_ROUNDS` multiplies them: about 2,000 requests a round.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { InvestigationComplete, createChild } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "../broker.ts";
import type { GrantedDelivery } from "../broker_types.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker, testClock } from "../testing.ts";

const ROUNDS = Number(process.env["KLOROS_ROUNDS"] ?? 1);
const LIMIT_MS = 600_000;
const HANGING = { ...WORKER, leaseMs: 24 * 3_600_000 };
const MONITOR = {
  name: "orchestrator-monitor",
  signals: ["Q_INVESTIGATION_TIMEOUT", "Q_INVESTIGATION_COMPLETE"],
  start: { from: "earliest" },
  leaseMs: HANGING.leaseMs,
} as const;

const STEP = fc.oneof(
  fc.record({ step: fc.constant("ask" as const), n: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ step: fc.constant("work" as const), n: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ step: fc.constant("answer" as const), n: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ step: fc.constant("wait" as const), n: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ step: fc.constant("restart" as const), n: fc.integer({ min: 0, max: 700 }) }),
  fc.record({ step: fc.constant("stop" as const), n: fc.integer({ min: 2, max: 700 }) }),
  fc.record({ step: fc.constant("step the wall" as const), n: fc.integer({ min: -5000, max: 5000 }) }),
);

interface Asked {
  readonly envelope: Envelope;
  /** Real time of the first grant, ms. */
  grantedAt: number | undefined;
  answered: boolean;
  timeouts: number;
  lateAnswers: number;
}

class Story {
  readonly clock: TestClock = testClock();
  readonly asked = new Map<string, Asked>();
  #path: string;
  #broker!: Broker;
  #router!: TestClient;
  #worker!: TestClient;
  #monitor!: TestClient;
  #lives = 0;
  #timedOut = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** What is told of it. */
  get figures(): { readonly requests: number; readonly restarts: number; readonly timeouts: number } {
    return { requests: this.asked.size, restarts: this.#lives - 1, timeouts: this.#timedOut };
  }

  async open(): Promise<void> {
    this.#broker = testBroker({ path: this.#path, clock: this.clock }).broker;
    this.#lives += 1;
    this.#router = new TestClient(this.#broker, "intent-router");
    this.#worker = new TestClient(this.#broker, WORKER.name, { instance: `worker ${this.#lives}` });
    this.#monitor = new TestClient(this.#broker, MONITOR.name, { instance: `monitor ${this.#lives}` });
    await this.#worker.attach(HANGING);
    await this.#monitor.attach(MONITOR);
  }

  async run({ step, n }: { readonly step: string; readonly n: number }): Promise<void> {
    const at = this.clock.monotonicMs();
    if (step === "ask") await this.#ask(n);
    else if (step === "work") this.#work(n);
    else if (step === "answer") await this.#answer(n);
    else if (step === "wait") runFor(this.#broker, this.clock, n * 1000);
    else if (step === "stop") this.#stop(n * 1000);
    else if (step === "step the wall") this.clock.stepWall(n * 1000);
    else await this.#restart(n * 1000);
    this.#noteGrants(at);
    this.listen();
  }

  async #ask(n: number): Promise<void> {
    const envelopes = Array.from({ length: n }, (_, i) => question(this.asked.size + i));
    await this.#router.now(this.#router.session.publish(envelopes.map(text)));
    for (const envelope of envelopes)
      this.asked.set(envelope.id, {
        ...{ envelope, grantedAt: undefined, answered: false },
        ...{ timeouts: 0, lateAnswers: 0 },
      });
  }

  #work(n: number): void {
    this.#worker.session.credit(WORKER.name, "normal", (this.#granted += n));
    this.#broker.flush();
  }

  /** Credit may be there before the question. */
  #noteGrants(at: number): void {
    for (const { body } of this.#worker.inbox.splice(0)) {
      const asked = this.asked.get((JSON.parse(body) as Envelope).id);
      if (asked !== undefined) asked.grantedAt ??= at;
    }
  }
  #granted = 0;

  /** Some by their cause, some only by their question. */
  async #answer(n: number): Promise<void> {
    const open = [...this.asked.values()].filter((a) => a.grantedAt !== undefined && !a.answered).slice(0, n);
    for (const asked of open) asked.answered = true;
    const answers = open.map(({ envelope }) => {
      const facts = { ...InvestigationComplete.examples[0], question_id: envelope.facts["question_id"] };
      const options = { source: WORKER.name, consumer: WORKER.name, nowMs: 1_763_856_001_000 };
      return text(createChild(envelope, InvestigationComplete, facts as never, options));
    });
    await this.#worker.now(this.#worker.session.publish(answers));
  }

  /** The process stands still; whoever goes on afterwards sees a gap. */
  #stop(ms: number): void {
    this.clock.advance(ms);
    this.#broker.tick();
  }

  async #restart(awayMs: number): Promise<void> {
    this.#broker.close();
    this.clock.advance(awayMs);
    this.#granted = 0;
    await this.open();
  }

  listen(): void {
    const got: GrantedDelivery[] = this.#monitor.take(MONITOR.name, 1_000_000);
    const outcome = { kind: "done", emits: [] } as const;
    void this.#monitor.session.settle(
      MONITOR.name,
      got.map(({ seq, token }) => ({ seq, token, outcome })),
    );
    this.#broker.flush();
    for (const delivery of got) this.#hear(delivery);
  }

  #hear({ body, late }: GrantedDelivery): void {
    const { signal, cause } = JSON.parse(body) as Envelope;
    const asked = this.asked.get(cause ?? "");
    if (asked === undefined) throw new Error(`nobody asked for ${body}`);
    if (signal === InvestigationComplete.name) {
      expect(late).toBe(asked.timeouts === 1);
      if (late) asked.lateAnswers += 1;
      return;
    }
    asked.timeouts += 1;
    this.#timedOut += 1;
    expect(this.clock.monotonicMs() - (asked.grantedAt ?? Number.NaN)).toBeGreaterThanOrEqual(LIMIT_MS);
  }

  /** Time enough for all that runs, over some restarts. */
  async finish(): Promise<void> {
    for (let n = 0; n < 3; n++) {
      runFor(this.#broker, this.clock, LIMIT_MS / 2);
      this.listen();
      await this.#restart(1000);
    }
    runFor(this.#broker, this.clock, 10_000);
    this.listen();
    expect(checkJournal(this.#broker)).toEqual([]);
    this.close();
    for (const { grantedAt, answered, timeouts, lateAnswers } of this.asked.values()) {
      if (grantedAt === undefined) expect(timeouts).toBe(0);
      else if (!answered) expect([timeouts, lateAnswers]).toEqual([1, 0]);
      else expect(lateAnswers).toBe(timeouts);
    }
  }

  close(): void {
    this.#broker.close();
  }
}

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-deadlines-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test(
  "each request that was given out ends in an answer in time or in exactly one timeout, never too early",
  async () => {
    let stories = 0;
    const all = { requests: 0, restarts: 0, timeouts: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 8, maxLength: 40 }), async (steps) => {
        const story = new Story(join(dir, `${++stories}.db`));
        await story.open();
        try {
          for (const step of steps) await story.run(step);
          await story.finish();
          const { requests, restarts, timeouts } = story.figures;
          all.requests += requests;
          all.restarts += restarts;
          all.timeouts += timeouts;
        } finally {
          story.close();
        }
      }),
      { numRuns: 40 * ROUNDS },
    );
    expect(all.requests).toBeGreaterThan(1000 * ROUNDS);
    if (ROUNDS > 1) process.stderr.write(`${JSON.stringify(all)}\n`);
  },
  60_000 * ROUNDS,
);
