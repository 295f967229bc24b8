/** One run: a scenario on a machine, with its faults, until everything is settled; what was broken meanwhile and at the end. */
import { finalFlaws } from "./checks/final_check.ts";
import { type RunOptions, type RunResult, WatchedBus } from "./checks/watched_bus.ts";
import { planFaults } from "./faults/apply_faults.ts";
import type { Fault } from "./faults/fault.ts";
import { operating } from "./load/operating.ts";
import { publishing } from "./load/publishing.ts";
import { guest, ROLES, type Role, WORKER } from "./load/roles.ts";
import { makeScenario, OPERATOR, type Scenario, SECOND } from "./load/scenario.ts";
import { working, type WorkingOptions } from "./load/working.ts";

/** After the last fault everything must be settled within this, ms; where requests are not answered: their deadlines, twice. */
const SETTLE_MS = 300_000;
const SETTLE_UNANSWERED_MS = 75 * 60_000;

export function runOnce(options: RunOptions): RunResult {
  return new Run(options).go();
}

class Run {
  readonly #scenario: Scenario;
  readonly #faults: readonly Fault[];
  readonly #watched: WatchedBus;
  readonly #working = new Set<string>();
  #guestLeft = false;
  #healed = false;

  constructor(options: RunOptions) {
    this.#scenario = makeScenario(options.seed);
    this.#faults = options.faults ?? this.#scenario.faults;
    this.#watched = new WatchedBus(options, this.#scenario);
  }

  go(): RunResult {
    return this.#watched.run(this.#scenario.seed, this.#faults, () => {
      this.#play();
    });
  }

  #play(): void {
    const { machine, bus, promises, flaws } = this.#watched;
    this.#startAll();
    planFaults(bus, this.#faults);
    const last = this.#faults.at(-1)?.atMs ?? 0;
    machine.runFor(last + 1);
    this.#healed = true;
    this.#watched.heal();
    const limit = this.#scenario.odds.unanswered ? SETTLE_UNANSWERED_MS : SETTLE_MS;
    const settled = machine.runUntil(() => this.#isSettled(), limit, 500);
    if (!settled && flaws.length === 0) this.#watched.fail(`it does not settle: ${this.#unsettled()}`);
    if (flaws.length === 0) this.#watched.failAll(finalFlaws(bus, promises, this.#scenario));
  }

  // ---- what runs

  #startAll(): void {
    const { publishers, secondWorker, operatorDeeds, replay, highWaterMark } = this.#scenario;
    const { machine, promises, count, fail } = this.#watched;
    const { network } = machine;
    network.replay = replay;
    if (highWaterMark !== undefined) network.highWaterMark = highWaterMark;
    const common = { promises, count, fail };
    for (const { source, batches } of publishers) {
      const program = publishing({ ...common, source, batches, onDone: this.#begin(source) });
      machine.start(publisherName(source), program);
    }
    for (const role of ROLES) this.#startRole(role.name, role);
    const worker = ROLES.find(({ name }) => name === WORKER);
    if (secondWorker && worker !== undefined) this.#startRole(SECOND, worker);
    this.#startGuest();
    const operator = operating({
      deeds: operatorDeeds,
      count,
      guestLeft: () => this.#guestLeft,
      onDone: this.#begin(OPERATOR),
    });
    machine.start(OPERATOR, operator);
  }

  #startRole(process: string, role: Role): void {
    this.#watched.machine.start(process, working(role, this.#workingOptions()));
  }

  #workingOptions(): WorkingOptions {
    const { seed, odds } = this.#scenario;
    const restEveryMs = (): number => (this.#healed ? 0 : this.#scenario.restEveryMs);
    const { promises, count, fail } = this.#watched;
    return { seed, odds, restEveryMs, promises, count, fail };
  }

  #startGuest(): void {
    if (!this.#scenario.guest) {
      this.#guestLeft = true;
      return;
    }
    this.#startRole(guest.name, guest);
    this.#watched.machine.after(4_000_000, undefined, () => {
      this.#watched.machine.retire(guest.name);
      this.#watched.machine.kill(guest.name);
      this.#guestLeft = true;
    });
  }

  /** Something that is to come to its end. Returns what says that it did. */
  #begin(what: string): () => void {
    this.#working.add(what);
    return () => {
      this.#working.delete(what);
    };
  }

  // ---- the end

  #isSettled(): boolean {
    if (this.#watched.flaws.length > 0) return true;
    return this.#working.size === 0 && this.#watched.bus.broker !== undefined && this.#open() === 0;
  }

  /** Deliveries that somebody will still get, and deadlines that will still fire. */
  #open(): number {
    const query =
      "SELECT (SELECT count(*) FROM delivery d JOIN consumer c USING(cid) WHERE d.state <= 1 AND c.removed_at IS NULL AND c.name != ?) + " +
      "(SELECT count(*) FROM deadline l WHERE l.state <= 1 AND NOT EXISTS (SELECT 1 FROM deadletter d WHERE d.seq = l.request_seq AND d.state != 'retried')) AS n";
    return this.#watched.bus.journal.handle.query<{ n: number }, [string]>(query).get(guest.name)?.n ?? 0;
  }

  #unsettled(): string {
    const rows = this.#watched.bus.journal.handle
      .query(
        "SELECT c.name, d.seq, d.state, d.attempt, d.error FROM delivery d JOIN consumer c USING(cid) WHERE d.state <= 1 LIMIT 5",
      )
      .all();
    const deadlines = this.#watched.bus.journal.handle
      .query("SELECT * FROM deadline WHERE state <= 1 LIMIT 5")
      .all();
    return `${JSON.stringify([...this.#working])} at work, open ${JSON.stringify(rows)}, deadlines ${JSON.stringify(deadlines)}`;
  }
}

const publisherName = (source: string): string =>
  source === "orchestrator-monitor" ? "orchestrator-monitor/timer" : source;
