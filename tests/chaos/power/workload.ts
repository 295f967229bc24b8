/**
 * What the bus is put through while its disk is recorded: a broker on a journal in `root`, a seeded mix of everything that
 * writes there. Whatever is answered is told at once (`tell`), never before.
 */
import { join } from "node:path";
import { Broker, JournalFullError, backupJournal } from "@kloros/journal";
import { TestClient, type TestClock, runFor, testClock } from "@kloros/journal/testing";
import {
  CuriosityInvestigate,
  type Envelope,
  HealthAlert,
  InvestigationComplete,
  createChild,
  createRoot,
  deriveRootId,
} from "@kloros/signal-schema";
import type { Choices } from "@kloros/signal-schema/testing";
import type { Mark, Settled } from "./promised.ts";

export const WORKER = {
  name: "investigation-consumer",
  signals: [CuriosityInvestigate.name],
  start: { from: "earliest" },
  stateKey: "",
} as const;
export const RULES = {
  name: "policy-engine",
  signals: [HealthAlert.name],
  start: { from: "earliest" },
} as const;

const BEGAN = 1_763_856_000_000;
const DAY_MS = 86_400_000;
/** Small, so that the log begins anew many times in a short run, pages. */
const WAL_PAGES = 60;
const ROOM = { reserveBytes: 65_536, freeBytesMin: 0 };

export interface WorkloadOptions {
  readonly choices: Choices;
  readonly tell: (mark: Mark) => void;
  /** Planted fault: how well SQLite syncs. The bus says FULL. */
  readonly synchronous?: "OFF" | "NORMAL";
}

type Delivery = ReturnType<TestClient["take"]>[number];

/** One life of the bus. `name` tells lives apart. */
export class Life {
  readonly broker: Broker;
  readonly #root: string;
  readonly #name: string;
  readonly #clock: TestClock = testClock(BEGAN);
  readonly #options: WorkloadOptions;
  readonly #clients = new Map<string, TestClient>();
  #said = 0;
  #backups = 0;

  constructor(root: string, name: string, options: WorkloadOptions) {
    this.#root = root;
    this.#name = name;
    this.#options = options;
    const path = join(root, "journal.db");
    this.broker = new Broker({
      path,
      clock: this.#clock,
      random: options.choices.random,
      autoFlush: false,
      room: ROOM,
    });
    options.tell({ said: "started", epoch: this.broker.epoch });
    this.broker.db.handle.run(`PRAGMA wal_autocheckpoint = ${String(WAL_PAGES)}`);
    if (options.synchronous !== undefined)
      this.broker.db.handle.run(`PRAGMA synchronous = ${options.synchronous}`);
  }

  async attach(): Promise<void> {
    for (const spec of [WORKER, RULES]) await this.#client(spec.name).attach(spec);
  }

  async steps(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await this.#step();
  }

  close(): void {
    this.broker.close();
  }

  async #step(): Promise<void> {
    const { choices } = this.#options;
    const dice = choices.random();
    if (dice < 0.4) await this.publish(1 + choices.below(6));
    else if (dice < 0.75) await this.#work();
    else if (dice < 0.85) runFor(this.broker, this.#clock, 400 + choices.below(1600));
    else if (dice < 0.89) this.broker.db.emptyWal();
    else if (dice < 0.94) await this.#prune();
    else if (dice < 0.96) this.backUp();
    else if (dice < 0.98) await this.#fillDisk();
    else await this.#leave();
  }

  async publish(count: number): Promise<void> {
    const texts = Array.from({ length: count }, () => JSON.stringify(this.#signal()));
    const [alerts, questions] = [texts.filter((text) => text.includes(HealthAlert.name)), [] as string[]];
    questions.push(...texts.filter((text) => !alerts.includes(text)));
    for (const [service, bodies] of [
      ["orchestrator-monitor", alerts],
      ["intent-router", questions],
    ] as const) {
      const client = this.#client(service);
      const results = await client.now(client.session.publish(bodies));
      for (const [n, result] of results.entries()) {
        const body = bodies[n] ?? "";
        if (result.status === "stored")
          this.#options.tell({
            said: "stored",
            seq: result.seq,
            id: (JSON.parse(body) as Envelope).id,
            body,
          });
      }
    }
  }

  /** Long enough for what is done now and then. */
  rest(): void {
    runFor(this.broker, this.#clock, 1600);
  }

  backUp(): void {
    const name = `${this.#name}-${String(this.#backups++)}.backup`;
    const { lastSeq } = backupJournal(join(this.#root, "journal.db"), join(this.#root, name));
    this.#options.tell({ said: "backed up", name, lastSeq });
  }

  async #work(): Promise<void> {
    const { choices } = this.#options;
    const spec = choices.pick([WORKER, WORKER, RULES]);
    const client = this.#client(spec.name);
    for (const delivery of client.take(spec.name, 1 + choices.below(5))) await this.#settle(client, delivery);
  }

  async #settle(client: TestClient, delivery: Delivery): Promise<void> {
    const { choices, tell } = this.#options;
    const key = `${delivery.consumer} ${String(delivery.seq)}`;
    if (choices.random() < 0.3) await this.#plan(client, delivery, key);
    const dice = choices.random();
    if (dice < 0.15) return this.#end(client, delivery, { key, outcome: "retry", emits: [] });
    if (dice < 0.25) return this.#end(client, delivery, { key, outcome: "dead", emits: [] });
    if (dice < 0.3) return void tell; // kept: its lease ends some day
    const emits = delivery.consumer === WORKER.name ? [answerTo(delivery)] : [];
    const state =
      delivery.consumer === WORKER.name ? { state: `seen ${this.#name} ${String(this.#said++)}` } : {};
    return this.#end(
      client,
      delivery,
      { key, outcome: "done", emits: emits.map(({ id }) => id), ...state },
      emits,
    );
  }

  async #plan(client: TestClient, { consumer, seq, token }: Delivery, key: string): Promise<void> {
    const plan = JSON.stringify({ step: this.#said++, life: this.#name });
    this.#options.tell({ said: "planning", key, plan });
    const result = await client.now(client.session.plan(consumer, seq, token, plan));
    if (result.status === "ok") this.#options.tell({ said: "planned", key, plan });
  }

  async #end(
    client: TestClient,
    delivery: Delivery,
    settled: Settled,
    emits: readonly Envelope[] = [],
  ): Promise<void> {
    const { tell } = this.#options;
    tell({ said: "settling", ...settled });
    const { outcome, state } = settled;
    const result = await client.settle(
      delivery,
      outcome === "done"
        ? {
            kind: "done",
            emits: emits.map((one) => JSON.stringify(one)),
            ...(state === undefined ? {} : { state }),
          }
        : outcome === "dead"
          ? { kind: "dead", reason: "terminal", error: "impossible" }
          : { kind: "retry", error: "later", delayMs: 500 },
    );
    if (result.status === "ok") tell({ said: "settled", ...settled });
  }

  async #prune(): Promise<void> {
    this.#options.tell({ said: "pruning" });
    const limits = { ageMs: this.#options.choices.pick([0, 1000]), bytesMax: 1e12, rememberMs: DAY_MS };
    for (let after: number | null = 0; after !== null;) {
      const step: Promise<{ next: number | null }> = this.broker.admin("pruneJournal", { ...limits, after });
      this.broker.flush();
      after = (await step).next;
    }
  }

  /** The next transaction finds no room, so the reserve is given up; a second later there is room again. */
  async #fillDisk(): Promise<void> {
    const { db } = this.broker;
    const real = db.transaction.bind(db);
    db.transaction = () => {
      throw new JournalFullError("no space left");
    };
    await this.publish(1);
    db.transaction = real;
    this.rest();
  }

  /** A consumer goes, in order or not, and comes back as another instance. */
  async #leave(): Promise<void> {
    const client = this.#client(WORKER.name);
    const gone = client.session.close({ clean: this.#options.choices.random() < 0.5 });
    this.broker.flush();
    await gone;
    this.#clients.delete(WORKER.name);
    await this.#client(WORKER.name).attach(WORKER);
  }

  #client(service: string): TestClient {
    const known = this.#clients.get(service);
    if (known !== undefined) return known;
    const client = new TestClient(this.broker, service, {
      instance: `${service} ${this.#name} ${String(this.#said++)}`,
    });
    this.#clients.set(service, client);
    return client;
  }

  #signal(): Envelope {
    const { choices } = this.#options;
    const n = this.#said++;
    const root = { nowMs: BEGAN + n, id: deriveRootId(BEGAN + n, this.#name, String(n)) };
    if (choices.random() < 0.3) {
      const facts = { ...HealthAlert.examples[0], metric_value: n };
      return createRoot(HealthAlert, facts as never, { source: "orchestrator-monitor", ...root });
    }
    const question = `question ${String(n)} ${"x".repeat(choices.pick([10, 500, 9000]))}`;
    const facts = {
      ...CuriosityInvestigate.examples[0],
      question,
      question_id: `q.${this.#name}.${String(n)}`,
      priority: "normal",
    };
    return createRoot(CuriosityInvestigate, facts as never, { source: "intent-router", ...root });
  }
}

function answerTo(delivery: Delivery): Envelope {
  const parent = JSON.parse(delivery.body) as Envelope;
  const facts = { ...InvestigationComplete.examples[0], question_id: parent.facts["question_id"] };
  return createChild(parent, InvestigationComplete, facts as never, {
    source: WORKER.name,
    consumer: WORKER.name,
    nowMs: BEGAN,
  });
}
