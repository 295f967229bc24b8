/** A machine with a bus on it, and everything looked at that must hold at any time. What breaks is told once, and ends the run. */
import { brokenInvariants } from "@kloros/journal/testing";
import type { RetentionLimits } from "@kloros/journal";
import { BUS, SimBus } from "../bus/sim_bus.ts";
import type { Fault } from "../faults/fault.ts";
import { Promises } from "../load/promises.ts";
import { Machine } from "../machine/machine.ts";
import { withoutRealTime } from "../machine/real_time.ts";
import { brokenMemory } from "./memory_check.ts";
import { takeTransitions } from "./transitions.ts";
import { WireCheck } from "./wire_check.ts";

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

export interface WatchOptions {
  readonly retention?: RetentionLimits | undefined;
  /** All rows are looked at after each so many-th transaction: it is most of what a run costs. */
  readonly rowsEvery: number;
}

const FLAWS_MAX = 20;

export class WatchedBus {
  readonly machine: Machine;
  readonly bus: SimBus;
  readonly promises: Promises;
  readonly flaws: string[] = [];
  #transactions = 0;
  #changed = false;

  constructor({ seed, onTrace, plant }: RunOptions, { retention, rowsEvery }: WatchOptions) {
    this.machine = new Machine({ seed, onTrace });
    const wire = new WireCheck(this.fail);
    this.promises = new Promises(this.fail, (consumer, seq, token) => {
      wire.done(consumer, seq, token);
    });
    const rowsHold = (bus: SimBus): void => {
      this.#changed = true;
      if (this.#transactions++ % rowsEvery === 0) this.failAll(brokenInvariants(bus.journal.handle));
    };
    this.bus = new SimBus(this.machine, {
      retention,
      look: {
        committed: rowsHold,
        rolledBack: rowsHold,
        turned: (bus) => {
          if (this.#changed) this.failAll(brokenMemory(bus));
          this.#changed = false;
        },
        sends: (bus, frames) => {
          wire.look(bus, frames);
        },
      },
    });
    plant?.(this.bus);
  }

  readonly count = (what: string, by?: number): void => {
    this.machine.count(what, by);
  };

  readonly fail = (text: string): void => {
    this.flaws.push(text);
    this.machine.trace("BROKEN", text);
    this.machine.halt();
  };

  failAll(texts: readonly string[]): void {
    for (const text of texts) this.fail(text);
  }

  /** No faults any more: what stands still goes on. */
  heal(): void {
    this.machine.network.heal();
    this.bus.heal();
    for (const name of [BUS, ...this.machine.names]) this.machine.continue(name);
  }

  /** Lets `play` happen, and tells what came of it. */
  run(seed: number, faults: readonly Fault[], play: () => void): RunResult {
    withoutRealTime(() => {
      play();
      takeTransitions(this.bus);
      this.bus.journal.close();
    }, this.fail);
    return {
      seed,
      flaws: this.flaws.slice(0, FLAWS_MAX),
      faults,
      counts: this.machine.counts,
      simulatedMs: this.machine.nowMs,
      events: this.machine.events,
      hash: this.machine.hash,
    };
  }
}
