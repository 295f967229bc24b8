/** One run: a scenario on a machine, with its faults, until everything is settled; what was broken meanwhile and at the end. */
import { brokenInvariants } from "@kloros/journal/testing";
import { BUS, SimBus } from "./bus/sim_bus.ts";
import { finalFlaws } from "./checks/final_check.ts";
import { brokenMemory } from "./checks/memory_check.ts";
import { takeTransitions } from "./checks/transitions.ts";
import { WireCheck } from "./checks/wire_check.ts";
import { planFaults } from "./faults/apply_faults.ts";
import type { Fault } from "./faults/fault.ts";
import { operating } from "./load/operating.ts";
import { Promises } from "./load/promises.ts";
import { publishing } from "./load/publishing.ts";
import { guest, ROLES, type Role, WORKER } from "./load/roles.ts";
import { makeScenario, OPERATOR, type Scenario, SECOND } from "./load/scenario.ts";
import { working, type WorkingOptions } from "./load/working.ts";
import { Machine } from "./machine/machine.ts";
import { withoutRealTime } from "./machine/real_time.ts";

export interface RunOptions {
  readonly seed: number;
  /** Instead of the scenario's own. */
  readonly faults?: readonly Fault[] | undefined;
  readonly onTrace?: ((line: string) => void) | undefined;
  /** Gets the bus before anything happens: to plant a fault in it. */
  readonly plant?: ((bus: SimBus) => void) | undefined;
}

export interface RunResult {
  readonly seed: number;
  /** What was broken, in words; empty: nothing. */
  readonly flaws: readonly string[];
  readonly faults: readonly Fault[];
  readonly counts: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly events: number;
  readonly hash: string;
}

/** After the last fault everything must be settled within this, ms; where requests are not answered: their deadlines, twice. */
const SETTLE_MS = 300_000;
const SETTLE_UNANSWERED_MS = 75 * 60_000;
const FLAWS_MAX = 20;

export function runOnce(options: RunOptions): RunResult {
  return new Run(options).go();
}

class Run {
  readonly #scenario: Scenario;
  readonly #faults: readonly Fault[];
  readonly #machine: Machine;
  readonly #bus: SimBus;
  readonly #promises: Promises;
  readonly #flaws: string[] = [];
  readonly #working = new Set<string>();
  #guestLeft = false;
  #healed = false;

  constructor({ seed, faults, onTrace, plant }: RunOptions) {
    this.#scenario = makeScenario(seed);
    this.#faults = faults ?? this.#scenario.faults;
    this.#machine = new Machine({ seed, onTrace });
    const wire = new WireCheck(this.#fail);
    this.#promises = new Promises(this.#fail, (consumer, seq, token) => {
      wire.done(consumer, seq, token);
    });
    let transactions = 0;
    let changed = false;
    const rowsHold = (bus: SimBus): void => {
      changed = true;
      if (transactions++ % this.#scenario.rowsEvery === 0)
        this.#failAll(brokenInvariants(bus.journal.handle));
    };
    this.#bus = new SimBus(this.#machine, {
      retention: this.#scenario.retention,
      look: {
        committed: rowsHold,
        rolledBack: rowsHold,
        turned: (bus) => {
          if (changed) this.#failAll(brokenMemory(bus));
          changed = false;
        },
        sends: (bus, frames) => {
          wire.look(bus, frames);
        },
      },
    });
    plant?.(this.#bus);
  }

  go(): RunResult {
    withoutRealTime(() => {
      this.#play();
    }, this.#fail);
    return {
      seed: this.#scenario.seed,
      flaws: this.#flaws.slice(0, FLAWS_MAX),
      faults: this.#faults,
      counts: this.#machine.counts,
      simulatedMs: this.#machine.nowMs,
      events: this.#machine.events,
      hash: this.#machine.hash,
    };
  }

  #play(): void {
    this.#startAll();
    planFaults(this.#bus, this.#faults);
    const last = this.#faults.at(-1)?.atMs ?? 0;
    this.#machine.runFor(last + 1);
    this.#heal();
    const limit = this.#scenario.odds.unanswered ? SETTLE_UNANSWERED_MS : SETTLE_MS;
    const settled = this.#machine.runUntil(() => this.#isSettled(), limit, 500);
    if (!settled && this.#flaws.length === 0) this.#fail(`it does not settle: ${this.#unsettled()}`);
    if (this.#flaws.length === 0) this.#failAll(finalFlaws(this.#bus, this.#promises, this.#scenario));
    takeTransitions(this.#bus);
    this.#bus.journal.close();
  }

  // ---- what runs

  #startAll(): void {
    const { publishers, secondWorker, operatorDeeds, replay, highWaterMark } = this.#scenario;
    const { network } = this.#machine;
    network.replay = replay;
    if (highWaterMark !== undefined) network.highWaterMark = highWaterMark;
    const common = { promises: this.#promises, count: this.#count, fail: this.#fail };
    for (const { source, batches } of publishers) {
      const program = publishing({ ...common, source, batches, onDone: this.#begin(source) });
      this.#machine.start(publisherName(source), program);
    }
    for (const role of ROLES) this.#startRole(role.name, role);
    const worker = ROLES.find(({ name }) => name === WORKER);
    if (secondWorker && worker !== undefined) this.#startRole(SECOND, worker);
    this.#startGuest();
    const operator = operating({
      deeds: operatorDeeds,
      count: this.#count,
      guestLeft: () => this.#guestLeft,
      onDone: this.#begin(OPERATOR),
    });
    this.#machine.start(OPERATOR, operator);
  }

  #startRole(process: string, role: Role): void {
    this.#machine.start(process, working(role, this.#workingOptions()));
  }

  #workingOptions(): WorkingOptions {
    const { seed, odds } = this.#scenario;
    const restEveryMs = (): number => (this.#healed ? 0 : this.#scenario.restEveryMs);
    return { seed, odds, restEveryMs, promises: this.#promises, count: this.#count, fail: this.#fail };
  }

  #startGuest(): void {
    if (!this.#scenario.guest) {
      this.#guestLeft = true;
      return;
    }
    this.#startRole(guest.name, guest);
    this.#machine.after(4_000_000, undefined, () => {
      this.#machine.retire(guest.name);
      this.#machine.kill(guest.name);
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

  /** No faults any more: what stands still goes on. */
  #heal(): void {
    this.#healed = true;
    this.#machine.network.heal();
    this.#bus.heal();
    for (const name of [BUS, ...this.#machine.names]) this.#machine.continue(name);
  }

  #isSettled(): boolean {
    if (this.#flaws.length > 0) return true;
    return this.#working.size === 0 && this.#bus.broker !== undefined && this.#open() === 0;
  }

  /** Deliveries that somebody will still get, and deadlines that will still fire. */
  #open(): number {
    const query =
      "SELECT (SELECT count(*) FROM delivery d JOIN consumer c USING(cid) WHERE d.state <= 1 AND c.removed_at IS NULL AND c.name != ?) + " +
      "(SELECT count(*) FROM deadline l WHERE l.state <= 1 AND NOT EXISTS (SELECT 1 FROM deadletter d WHERE d.seq = l.request_seq AND d.state != 'retried')) AS n";
    return this.#bus.journal.handle.query<{ n: number }, [string]>(query).get(guest.name)?.n ?? 0;
  }

  #unsettled(): string {
    const rows = this.#bus.journal.handle
      .query(
        "SELECT c.name, d.seq, d.state, d.attempt, d.error FROM delivery d JOIN consumer c USING(cid) WHERE d.state <= 1 LIMIT 5",
      )
      .all();
    const deadlines = this.#bus.journal.handle.query("SELECT * FROM deadline WHERE state <= 1 LIMIT 5").all();
    return `${JSON.stringify([...this.#working])} at work, open ${JSON.stringify(rows)}, deadlines ${JSON.stringify(deadlines)}`;
  }

  // ---- findings

  readonly #count = (what: string, by?: number): void => {
    this.#machine.count(what, by);
  };

  readonly #fail = (text: string): void => {
    this.#flaws.push(text);
    this.#machine.trace("BROKEN", text);
    this.#machine.halt();
  };

  #failAll(texts: readonly string[]): void {
    for (const text of texts) this.#fail(text);
  }
}

const publisherName = (source: string): string =>
  source === "orchestrator-monitor" ? "orchestrator-monitor/timer" : source;
