/**
 * Random histories with kills: whatever happens, each acknowledged signal is settled once and the counts agree.
 *
 * A killed bus is a copy of its files at that moment, opened by a new one: what was committed is there, what waited is not.
 */
import { afterEach, expect, test } from "bun:test";
import { InvestigationComplete, createChild } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import fc from "fast-check";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Broker } from "./broker.ts";
import type { GrantedDelivery, SettleItem } from "./broker_types.ts";
import { RULES, WORKER as EARLIEST, alert, question, text } from "./fixtures.ts";
import { type TestClock, TestClient, checkJournal, runFor, testBroker } from "./testing.ts";

const LEASE_MS = 5000;
/** Answers each question. */
const WORKER = { ...EARLIEST, attemptsMax: 50, leaseMs: LEASE_MS };
/** Keeps the ids of all questions in its state. */
const TALLY = { ...WORKER, name: "semantic-dedup", stateKey: "" };
/** Reads the answers at the end. */
const READER = {
  name: "capability-integrator",
  signals: ["Q_INVESTIGATION_COMPLETE"],
  start: { from: "earliest" },
} as const;

const STEPS = [
  "publish",
  "publish",
  "republish",
  "alert",
  "alert",
  "look",
  "tally",
  "tally",
  "work",
  "work",
  "work",
  "fail",
  "release",
  "dead",
  "plan",
  "lose answer",
  "retry letter",
  "edit letter",
  "drop letter",
  "purge letters",
  "oversleep",
  "kill worker",
  "leave",
  "remove rules",
  "kill bus",
  "kill busy bus",
  "wait",
] as const;
type Step = (typeof STEPS)[number];

/** One history: a bus over a file, those who publish, those who consume, and what must come out of it. */
class History {
  #path: string;
  broker!: Broker;
  clock!: TestClock;
  router!: TestClient;
  monitor!: TestClient;
  worker!: TestClient;
  tally!: TestClient;
  rules!: TestClient;
  held: GrantedDelivery[] = [];
  readonly acknowledged = new Map<string, Envelope>();
  /** Ids of questions that are a retry with other facts: for the worker alone. */
  readonly #edited = new Set<string>();
  readonly #dead = new Set<string>();
  /** Dead, and then edited, dropped or purged: nobody answers them any more. */
  readonly #lost = new Set<string>();
  readonly #looked: number[] = [];
  #lives = 0;
  #n = 0;
  #alerts = 0;

  constructor(dir: string) {
    this.#path = join(dir, "journal.db");
  }

  async startBus(): Promise<void> {
    ({ broker: this.broker, clock: this.clock } = testBroker({ path: this.#path }));
    this.router = new TestClient(this.broker, "intent-router");
    this.monitor = new TestClient(this.broker, "orchestrator-monitor");
    this.tally = new TestClient(this.broker, TALLY.name);
    this.rules = new TestClient(this.broker, RULES.name);
    expect(await this.tally.attach(TALLY)).toMatchObject({ ok: true });
    expect(await this.rules.attach(RULES)).toMatchObject({ ok: true });
    await this.startWorker();
  }

  async startWorker(): Promise<void> {
    this.worker = new TestClient(this.broker, WORKER.name, { instance: `life ${++this.#lives}` });
    this.held = [];
    expect(await this.worker.attach(WORKER)).toMatchObject({ ok: true });
  }

  async run(step: Step): Promise<void> {
    const steps: Partial<Record<Step, () => Promise<void> | void>> = {
      publish: () => this.publish(this.question()),
      republish: () => this.publish([...this.acknowledged.values()][0] ?? this.question()),
      alert: () => this.alert(),
      look: () => this.look(),
      tally: () => this.count(),
      oversleep: () => this.oversleep(),
      "lose answer": () => this.loseAnswer(),
      "retry letter": () => this.dealWithLetter(step),
      "edit letter": () => this.dealWithLetter(step),
      "drop letter": () => this.dealWithLetter(step),
      "purge letters": () => this.purgeLetters(),
      "remove rules": () => this.removeRules(),
      "kill bus": () => this.killBus(),
      "kill busy bus": () => this.killBusyBus(),
      "kill worker": () => this.restartWorker(false),
      leave: () => this.restartWorker(true),
      wait: () => runFor(this.broker, this.clock, 2000),
    };
    await (steps[step] ?? (() => this.work(step)))();
  }

  async work(step: Step): Promise<void> {
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
      work: this.answered(delivery),
      fail: { kind: "retry", error: "no", delayMs: 100 },
      release: { kind: "release" },
      dead: { kind: "dead", reason: "terminal", error: "never" },
    };
    const result = await this.worker.settle(delivery, outcomes[step] as SettleItem["outcome"]);
    if (step === "dead" && result.status === "ok") this.#dead.add(envelopeOf(delivery).id);
  }

  /** The connection breaks before the worker is told that its work was committed: it comes back and says it again. */
  async loseAnswer(): Promise<void> {
    const held = [...this.held];
    const next = this.held.shift();
    if (next === undefined) return;
    const outcome = this.answered(next);
    const before = await this.worker.settle(next, outcome);
    await this.worker.now(this.worker.session.close({ clean: false }));
    this.worker = new TestClient(this.broker, WORKER.name, { instance: `life ${this.#lives}` });
    const leases = held.map(({ seq, token }) => ({ seq, token }));
    expect(await this.worker.attach(WORKER, leases)).toMatchObject({ ok: true });
    if (before.status === "ok") expect(await this.worker.settle(next, outcome)).toEqual({ status: "ok" });
  }

  async dealWithLetter(step: Step): Promise<void> {
    const [letter] = await this.broker.admin("deadLetters", {});
    if (letter === undefined) return;
    const { n, id } = letter;
    if (step === "retry letter") {
      expect(await this.router.now(this.broker.admin("retryDeadLetter", { n }))).toMatchObject({
        retried: true,
      });
      this.#dead.delete(id);
      return;
    }
    this.#lost.add(id);
    if (step === "drop letter") {
      expect(await this.router.now(this.broker.admin("dropDeadLetter", { n }))).toMatchObject({
        dropped: true,
      });
      return;
    }
    const { facts } = this.question();
    const edited = await this.router.now(this.broker.admin("editDeadLetter", { n, facts }));
    expect(edited).toMatchObject({ retried: true });
    this.#edited.add(edited.id ?? "");
  }

  async purgeLetters(): Promise<void> {
    const all = await this.broker.admin("deadLetters", { limit: 1000, includeRetried: true });
    for (const { id, state } of all.slice(0, -1)) if (state === "dead") this.#lost.add(id);
    const before = Number.MAX_SAFE_INTEGER;
    const { purged } = await this.router.now(this.broker.admin("purgeDeadLetters", { before }));
    expect(purged).toBe(Math.max(0, all.length - 1));
  }

  answered(delivery: GrantedDelivery): SettleItem["outcome"] {
    return { kind: "done", emits: [text(answer(envelopeOf(delivery)))] };
  }

  /** One more id in the state, which commits with the acknowledgement. */
  async count(): Promise<void> {
    // Those before the last one were slept over.
    const next = this.tally.take(TALLY.name).at(-1);
    if (next !== undefined) await this.tally.settle(next, this.counted(next));
  }

  counted(delivery: GrantedDelivery): SettleItem["outcome"] {
    const ids = [...(JSON.parse(delivery.state ?? "[]") as string[]), envelopeOf(delivery).id];
    return { kind: "done", emits: [], state: JSON.stringify(ids) };
  }

  async alert(): Promise<void> {
    const value = ++this.#alerts;
    const [result] = await this.monitor.now(this.monitor.session.publish([text(alert(value))]));
    expect(result?.status).toBe("stored");
  }

  async look(): Promise<void> {
    for (const delivery of this.rules.take(RULES.name)) {
      this.#looked.push(envelopeOf(delivery).facts["metric_value"] as number);
      await this.rules.settle(delivery, { kind: "done", emits: [] });
    }
  }

  /** The worker sleeps beyond its leases: its late settlements are refused. */
  async oversleep(): Promise<void> {
    const late = this.held.splice(0);
    runFor(this.broker, this.clock, LEASE_MS + 200);
    for (const delivery of late)
      expect(await this.worker.settle(delivery, this.answered(delivery))).toEqual({ status: "gone" });
  }

  /** A consumer of that name that comes later starts afresh. */
  async removeRules(): Promise<void> {
    await this.rules.now(this.rules.session.close({ clean: true }));
    await this.router.now(this.broker.admin("removeConsumer", { name: RULES.name }));
    this.rules = new TestClient(this.broker, RULES.name);
    expect(await this.rules.attach(RULES)).toMatchObject({ ok: true });
  }

  /** Between two commits: a copy of its files is all that the next bus gets. */
  async killBus(): Promise<void> {
    const next = join(dirname(this.#path), "next", "journal.db");
    mkdirSync(dirname(next));
    for (const suffix of ["", "-wal"])
      if (existsSync(this.#path + suffix)) copyFileSync(this.#path + suffix, next + suffix);
    this.broker.close();
    this.#path = next;
    await this.startBus();
  }

  /** With a signal, an acknowledgement and a counted state that wait for their commit: as if they had never been said. */
  async killBusyBus(): Promise<void> {
    const works = [...this.held.splice(0), ...this.worker.take(WORKER.name)];
    const counts = this.tally.take(TALLY.name);
    const item = (d: GrantedDelivery, outcome: SettleItem["outcome"]) => [
      { seq: d.seq, token: d.token, outcome },
    ];
    void this.router.session.publish([text(this.question())]);
    for (const d of works) void this.worker.session.settle(WORKER.name, item(d, this.answered(d)));
    for (const d of counts) void this.tally.session.settle(TALLY.name, item(d, this.counted(d)));
    const { lastSeq } = this.broker;
    await this.killBus();
    expect(this.broker.lastSeq).toBe(lastSeq);
  }

  /** Works off everything and compares with what was acknowledged. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      runFor(this.broker, this.clock, 400);
      this.held.push(...this.worker.take(WORKER.name, 10_000));
      for (const delivery of this.held.splice(0)) await this.settle(delivery, "work");
      await this.look();
      await this.count();
      const all = await this.broker.admin("consumers", {});
      if (all.every((status) => status.open === 0)) break;
    }
    expect(checkJournal(this.broker)).toEqual([]);
    await this.compare();
  }

  async compare(): Promise<void> {
    const reader = new TestClient(this.broker, READER.name);
    await reader.attach(READER);
    const answered = reader.take(READER.name, 10_000).map((d) => envelopeOf(d).cause);
    const letters = await this.broker.admin("deadLetters", { limit: 1000 });
    const poisoned = new Set(letters.filter((l) => l.reason === "poison").map((l) => l.id));
    const expected = [...this.acknowledged.keys(), ...this.#edited].filter(
      (id) => !this.#dead.has(id) && !this.#lost.has(id) && !poisoned.has(id),
    );
    expect(answered.toSorted()).toEqual(expected.toSorted());
    expect(this.state().toSorted()).toEqual([...this.acknowledged.keys()].toSorted());
    expect(this.#looked.at(-1) ?? 0).toBe(this.#alerts);
  }

  state(): string[] {
    const row = this.broker.db.handle.query<{ value: string }, []>("SELECT value FROM state").get();
    return JSON.parse(row?.value.slice(8) ?? "[]") as string[];
  }

  async publish(envelope: Envelope): Promise<void> {
    const [result] = await this.router.now(this.router.session.publish([text(envelope)]));
    if (result?.status === "stored" || result?.status === "duplicate")
      this.acknowledged.set(envelope.id, envelope);
  }

  async restartWorker(clean: boolean): Promise<void> {
    await this.worker.now(this.worker.session.close({ clean }));
    await this.startWorker();
  }

  question(): Envelope {
    const n = ++this.#n;
    return question(n, { priority: n % 5 === 0 ? "critical" : "normal" });
  }
}

const envelopeOf = (delivery: GrantedDelivery): Envelope => JSON.parse(delivery.body) as Envelope;

function answer(parent: Envelope): Envelope {
  const options = { source: WORKER.name, consumer: WORKER.name, nowMs: 1_763_856_001_000 };
  return createChild(parent, InvestigationComplete, InvestigationComplete.examples[0] as never, options);
}

let dir: string | undefined;
afterEach(() => {
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

test("whatever happens, each acknowledged signal is settled once, or is a named dead letter, and the counts agree", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 60 }), async (steps) => {
      dir = mkdtempSync(join(tmpdir(), "kloros-history-"));
      const history = new History(dir);
      try {
        await history.startBus();
        for (const step of steps) {
          await history.run(step);
          expect(checkJournal(history.broker)).toEqual([]);
        }
        await history.finish();
      } finally {
        history.broker.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 80 },
  );
}, 60_000);
