/**
 * 10,000 requests that a worker took and never answered, the bus killed again and again, the wall clock set, the power gone: each
 * ends in one timeout, told to its consumer once. Every tenth is answered: that one in none.
 */
import { expect, test } from "bun:test";
import type { Bus } from "@kloros/bus-client";
import {
  CuriosityInvestigate,
  createChild,
  createRoot,
  deriveRootId,
  type Envelope,
  InvestigationComplete,
} from "@kloros/signal-schema";
import { BUS } from "./bus/sim_bus.ts";
import { WatchedBus } from "./checks/watched_bus.ts";
import type { Program, SimulatedProcess } from "./machine/process.ts";

const REQUESTS = 10_000;
const BATCH = 200;
const SEED = Number(process.env["KLOROS_SEED"] ?? 1);
const LIMIT_MS = 600_000;
const SAID_MS = 1_763_856_000_000;
const ROUTER = "intent-router";
const WORKER = "investigation-consumer";
const MONITOR = "orchestrator-monitor";

function question(n: number): Envelope {
  const question_id = `q.${String(n)}`;
  const facts = { question: "?", question_id, priority: "normal" as const, evidence: [question_id] };
  const id = deriveRootId(SAID_MS, question_id);
  return createRoot(CuriosityInvestigate, facts, { source: ROUTER, nowMs: SAID_MS, id });
}

const isAnswered = (signal: Envelope): boolean =>
  String((signal.facts as { readonly question_id?: string }).question_id).endsWith("0");

const asking: Program = async (process) => {
  const bus = process.connect(ROUTER);
  const done = Number((await process.disk.read("asked")) ?? "0");
  for (let n = done; n < REQUESTS; n += BATCH) {
    await bus.publish(Array.from({ length: BATCH }, (_, index) => question(n + index)));
    await process.disk.writeAtomic("asked", String(n + BATCH));
  }
};

const settings = (name: string, signals: readonly string[]): Parameters<Bus["consume"]>[0] => ({
  name,
  signals,
  start: { from: "earliest" },
  concurrency: 16,
  prefetch: 48,
});

/** Is done with everything, and says nothing. */
const working: Program = async (process) => {
  await process
    .connect(WORKER)
    .consume(settings(WORKER, [CuriosityInvestigate.name]), async ({ signal }) =>
      isAnswered(signal) ? { emit: [answerTo(process, signal)] } : undefined,
    );
};

function answerTo(process: SimulatedProcess, signal: Envelope): Envelope {
  const facts = {
    investigation_timestamp: signal.timestamp,
    question_id: (signal.facts as { readonly question_id: string }).question_id,
    status: "completed" as const,
    duration_ms: 1,
    queue_wait_time_ms: 0,
  };
  const nowMs = process.wallMs();
  return createChild(signal, InvestigationComplete, facts, { source: WORKER, consumer: WORKER, nowMs });
}

/** Writes down what it is told of. */
const listening: Program = async (process) => {
  const signals = ["Q_INVESTIGATION_TIMEOUT"];
  await process.connect(MONITOR).consume(settings(MONITOR, signals), async ({ signal }) => {
    await process.disk.append("told", `${String(signal.facts["request_id"])}\n`);
    return undefined;
  });
};

test(`10,000 deadlines over many restarts: exactly one timeout each (KLOROS_SEED=${String(SEED)})`, () => {
  const watched = new WatchedBus({ seed: SEED }, { rowsEvery: 20_000 });
  const { machine, bus } = watched;
  const fired = (): number =>
    bus.journal.handle.query<{ n: number }, []>("SELECT count(*) AS n FROM deadline WHERE state = 3").get()
      ?.n ?? 0;
  const open = (): number =>
    bus.journal.handle
      .query<{ n: number }, []>(
        "SELECT (SELECT count(*) FROM deadline WHERE state <= 1) + (SELECT count(*) FROM delivery WHERE state <= 1) AS n",
      )
      .get()?.n ?? 0;
  let restarts = 0;
  const result = watched.run(SEED, [], () => {
    machine.start(ROUTER, asking);
    machine.start(WORKER, working);
    machine.start(MONITOR, listening);
    const restart = (): void => {
      restarts++;
      if (restarts % 10 === 0) machine.reboot();
      else if (restarts % 3 === 0)
        bus.crashInNextCommit(restarts % 2 === 0 ? "before commit" : "after commit");
      else machine.kill(BUS);
      // Not beside a boot: over one the wall clock is all there is to tell how long it took.
      if (restarts % 10 === 5) machine.stepWall(restarts % 20 === 5 ? 3_600_000 : -3_600_000);
    };
    for (let passed = 0; passed < 2 * LIMIT_MS; passed += 12_000) {
      machine.runFor(12_000);
      restart();
      if (watched.flaws.length > 0) break;
      if (passed < LIMIT_MS - 24_000 && fired() > 0) watched.fail("a timeout came before its time");
    }
    watched.heal();
    machine.runUntil(() => open() === 0, 2 * LIMIT_MS, 5000);
    const ends = bus.journal.handle
      .query<{ state: number; n: number }, []>(
        "SELECT state, count(*) AS n FROM deadline GROUP BY state ORDER BY state",
      )
      .all();
    expect(ends).toEqual([
      { state: 2, n: REQUESTS / 10 },
      { state: 3, n: REQUESTS - REQUESTS / 10 },
    ]);
    const timeouts = bus.journal.handle
      .query<{ body: string }, []>("SELECT body FROM signal WHERE name = 'Q_INVESTIGATION_TIMEOUT'")
      .all()
      .map(({ body }) => String((JSON.parse(body) as Envelope).facts["request_id"]));
    expect(timeouts).toHaveLength(REQUESTS - REQUESTS / 10);
    expect(new Set(timeouts).size).toBe(timeouts.length);
    const told = new Set((machine.disk.files.get("told") ?? "").split("\n").slice(0, -1));
    expect([...told].toSorted()).toEqual(timeouts.toSorted());
  });
  expect(result.flaws).toEqual([]);
  expect(restarts).toBe(100);
}, 600_000);
