/**
 * Who may run: queues, slots and credit arithmetic of one consumption. Pure bookkeeping, no time, no I/O.
 *
 * owed = queued + running + (outcomes under way beyond one capacity). An outcome under way does not hold credit back, so that
 * the next delivery comes while the commit is written; many of them do, so that a slow journal slows the worker.
 */
import type { Lane } from "@kloros/signal-schema";
import { DeniedError } from "./errors.ts";
import type { ConsumeOptions } from "./types.ts";
import type { Work } from "./work.ts";

interface LaneState {
  readonly slots: number;
  readonly capacity: number;
  readonly queue: Work[];
  /** Handlers that run, those of lost leases included. */
  running: number;
  settling: number;
  received: number;
}

/** A bound on what one consumption holds in memory. */
const CAPACITY_MAX = 8192;

export class Slots {
  readonly #lanes: Record<Lane, LaneState>;
  readonly #stateful: boolean;
  readonly #running = new Set<Work>();
  #lostRunning = 0;

  constructor(options: ConsumeOptions) {
    const { concurrency = 1, urgentConcurrency = 1, prefetch = 0 } = options;
    this.#stateful = options.stateKey !== undefined;
    check(options.name, "concurrency", concurrency, 1);
    check(options.name, "urgentConcurrency", urgentConcurrency, 1);
    check(options.name, "prefetch", prefetch, 0);
    if (this.#stateful && (concurrency > 1 || prefetch > 0)) {
      throw new DeniedError(
        "bad_consumer",
        `consumer ${options.name} has state, so it takes one delivery at a time: ` +
          `concurrency must be 1 and prefetch 0 (got ${String(concurrency)} and ${String(prefetch)})`,
      );
    }
    const lane = (slots: number): LaneState => ({
      slots,
      capacity: slots + prefetch,
      queue: [],
      running: 0,
      settling: 0,
      received: 0,
    });
    this.#lanes = { normal: lane(concurrency), urgent: lane(this.#stateful ? 1 : urgentConcurrency) };
  }

  get active(): number {
    return this.#running.size;
  }

  received(lane: Lane): void {
    this.#lanes[lane].received++;
  }

  queue(work: Work): void {
    this.#lanes[work.grant.lane].queue.push(work);
  }

  /** Received, but settled without running. */
  skip(work: Work): void {
    work.phase = "settling";
  }

  /** The next that may start now; it counts as running from here on. */
  next(name: Lane): Work | undefined {
    const lane = this.#lanes[name];
    if (lane.running >= lane.slots || (this.#stateful && this.#running.size > 0)) return undefined;
    const index = this.#lostRunning === 0 ? 0 : lane.queue.findIndex((work) => !this.#stillRuns(work.seq));
    const [work] = index < 0 ? [] : index === 0 ? [lane.queue.shift()] : lane.queue.splice(index, 1);
    if (work === undefined) return undefined;
    lane.running++;
    this.#running.add(work);
    return work;
  }

  /** The handler ended, or is given up. */
  done(work: Work): void {
    if (!this.#running.delete(work)) return;
    this.#lanes[work.grant.lane].running--;
    if (work.phase === "lost") this.#lostRunning--;
  }

  settling(work: Work): void {
    this.#lanes[work.grant.lane].settling++;
  }

  /** Called while `work.phase` is still the one in which the lease was lost. */
  lost(work: Work): void {
    const lane = this.#lanes[work.grant.lane];
    if (work.phase === "settling") lane.settling--;
    if (work.phase === "queued") lane.queue.splice(lane.queue.indexOf(work), 1);
    if (work.phase === "running") this.#lostRunning++;
  }

  /** The journal answered. */
  settled(work: Work): void {
    if (work.phase === "settling") this.#lanes[work.grant.lane].settling--;
  }

  takeQueued(): Work[] {
    return [this.#lanes.urgent, this.#lanes.normal].flatMap((lane) => lane.queue.splice(0));
  }

  total(name: Lane): number {
    const lane = this.#lanes[name];
    const spare = this.#stateful ? 0 : lane.capacity;
    const owed = lane.queue.length + lane.running + Math.max(0, lane.settling - spare);
    return Math.max(0, lane.received + lane.capacity - owed);
  }

  /** A new session: totals count from zero again; what is held still is. */
  restart(): void {
    this.#lanes.normal.received = 0;
    this.#lanes.urgent.received = 0;
  }

  #stillRuns(seq: number): boolean {
    for (const work of this.#running) if (work.seq === seq) return true;
    return false;
  }
}

function check(consumer: string, what: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= CAPACITY_MAX) return;
  throw new DeniedError(
    "bad_consumer",
    `consumer ${consumer}: ${what} must be a whole number from ${String(min)} to ${String(CAPACITY_MAX)}, got ${String(value)}`,
  );
}
