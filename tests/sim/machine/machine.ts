/**
 * One simulated machine: time, processes, a disk, a network. Nothing in it happens but by its events, one after the other, all of
 * them chosen by the seed; all that an event set in motion by promises is done before the next one.
 *
 * Invariants: a dead process does nothing any more; a stopped one does nothing until it is continued, while time goes on.
 */
import { drainMicrotasks } from "bun:jsc";
import type { LinkTiming } from "@kloros/bus-client";
import { Network } from "../network/network.ts";
import { Disk } from "./disk.ts";
import { EventQueue, type Owner, type PlannedEvent } from "./event_queue.ts";
import { MachineProcess } from "./machine_process.ts";
import { type Randomness, randomnessOf } from "./randomness.ts";
import { Trace } from "./trace.ts";

export interface MachineOptions {
  readonly seed: number;
  /** Gets each line of the record. */
  readonly onTrace?: ((line: string) => void) | undefined;
  readonly clientTiming?: Partial<LinkTiming> | undefined;
}

/** A `Program`; the machine's own ones see more of their process. */
export type MachineProgram = (process: MachineProcess) => Promise<void>;

export interface StartOptions {
  /** It is started again so long after it died, ms; null: never. Default: 20 … 1500. */
  readonly restartMs?: { readonly from: number; readonly to: number } | null;
}

interface Unit {
  readonly name: string;
  readonly program: MachineProgram;
  readonly restartMs: { readonly from: number; readonly to: number } | null;
  process: MachineProcess | undefined;
  starts: number;
  wanted: boolean;
}

const RESTART_MS = { from: 20, to: 1500 } as const;
/** Like the clock of the machine at the time of the first examples, UTC ms. */
const WALL_MS = 1_763_856_000_000;
const FIRST_PID = 1000;

export class Machine {
  readonly random: Randomness;
  readonly disk = new Disk();
  readonly network: Network;
  readonly endpoints = { bus: "ipc:///run/bus.sock", live: "ipc:///run/live.sock" } as const;
  readonly clientTiming: Partial<LinkTiming> | undefined;
  /** How often what was taken: faults, transitions, odd ways of the network. */
  readonly counts: Record<string, number> = {};
  readonly #queue = new EventQueue();
  readonly #trace: Trace;
  readonly #units = new Map<string, Unit>();
  readonly #processes = new Map<number, MachineProcess>();
  #now = 0;
  #wallOffset = WALL_MS;
  #boots = 1;
  #bootedAt = 0;
  #pid = FIRST_PID;
  #events = 0;
  #halted = false;

  constructor(options: MachineOptions) {
    this.random = randomnessOf(options.seed).fork("machine");
    this.#trace = new Trace(options.onTrace);
    this.clientTiming = options.clientTiming;
    this.network = new Network(this);
  }

  // ---- time

  /** Since the beginning, µs. */
  get nowUs(): number {
    return this.#now;
  }

  get nowMs(): number {
    return this.#now / 1000;
  }

  /** UTC, ms; as somebody set it. */
  wallMs(): number {
    return this.#wallOffset + Math.floor(this.nowMs);
  }

  /** Somebody sets the clock. */
  stepWall(ms: number): void {
    this.trace("machine", `the wall clock is set by ${String(ms)} ms`);
    this.#wallOffset += ms;
  }

  boot(): { readonly id: string; readonly uptimeMs: number } {
    return { id: `boot ${String(this.#boots)}`, uptimeMs: (this.#now - this.#bootedAt) / 1000 };
  }

  // ---- events

  after(delayUs: number, owner: Owner | undefined, run: () => void): PlannedEvent {
    return this.#queue.add(this.#now + Math.max(0, Math.round(delayUs)), owner, run);
  }

  /** One that waited for its stopped process. */
  repeat(event: PlannedEvent, order: number): void {
    this.#queue.add(Math.max(event.at, this.#now + order), event.owner, () => {
      if (!event.cancelled) event.run();
    });
  }

  /** Events so far. */
  get events(): number {
    return this.#events;
  }

  runFor(ms: number): void {
    const end = this.#now + Math.round(ms * 1000);
    while (!this.#halted && (this.#queue.nextAt ?? Infinity) <= end) this.#step();
    if (!this.#halted) this.#now = end;
  }

  /** Nothing happens any more. */
  halt(): void {
    this.#halted = true;
  }

  /** Runs until `holds`, looked at every `everyMs` of simulated time; false: it did not within `limitMs`. */
  runUntil(holds: () => boolean, limitMs: number, everyMs = 100): boolean {
    const end = this.nowMs + limitMs;
    while (!holds()) {
      if (this.#halted || this.nowMs >= end) return false;
      this.runFor(everyMs);
    }
    return true;
  }

  #step(): void {
    const event = this.#queue.take();
    if (event === undefined || event.cancelled) return;
    this.#now = Math.max(this.#now, event.at);
    if (event.owner instanceof MachineProcess) {
      if (event.owner.state === "dead") return;
      if (event.owner.state === "stopped") {
        event.owner.park(event);
        return;
      }
    }
    this.#events++;
    event.run();
    drainMicrotasks();
  }

  // ---- processes

  /** From now on, and again after each death. */
  start(name: string, program: MachineProgram, options: StartOptions = {}): void {
    const { restartMs = RESTART_MS } = options;
    const unit: Unit = { name, program, restartMs, process: undefined, starts: 0, wanted: true };
    this.#units.set(name, unit);
    this.#launch(unit);
  }

  process(name: string): MachineProcess | undefined {
    return this.#units.get(name)?.process;
  }

  /** Started, not retired. */
  get names(): readonly string[] {
    return [...this.#units.values()].filter(({ wanted }) => wanted).map(({ name }) => name);
  }

  /** By the kernel's word: dead ones are gone at once. */
  isAlive(pid: number, startedAt: string): boolean {
    const process = this.#processes.get(pid);
    return process !== undefined && String(process.startedAt) === startedAt;
  }

  startOf(pid: number): string | undefined {
    const process = this.#processes.get(pid);
    return process === undefined ? undefined : String(process.startedAt);
  }

  kill(name: string): void {
    const process = this.process(name);
    if (process !== undefined) this.end(process, "killed");
  }

  stop(name: string): void {
    const process = this.process(name);
    if (process?.state !== "running") return;
    this.trace(name, "stopped");
    process.stop();
  }

  continue(name: string): void {
    const process = this.process(name);
    if (process?.state !== "stopped") return;
    this.trace(name, "continued");
    process.continue();
  }

  /** SIGTERM; who has no handler for it dies of it. */
  terminate(name: string): void {
    const process = this.process(name);
    if (process === undefined) return;
    this.trace(name, "asked to end");
    if (!process.terminate()) this.end(process, "ended");
  }

  /** Is not started again when it ends. */
  retire(name: string): void {
    const unit = this.#units.get(name);
    if (unit !== undefined) unit.wanted = false;
  }

  /** All die at once; what was committed and written stays. Everything is started again. */
  reboot(): void {
    this.trace("machine", "the power fails");
    this.#boots++;
    for (const unit of this.#units.values()) {
      if (unit.process !== undefined) this.end(unit.process, "the power failed");
    }
    this.#bootedAt = this.#now;
  }

  /** A process is over, by whomever. */
  end(process: MachineProcess, why: string): void {
    if (!process.alive) return;
    this.trace(process.name, `${process.instance} is over: ${why}`);
    this.#processes.delete(process.pid);
    process.die();
    this.network.processDied(process);
    const unit = this.#units.get(process.name);
    if (unit?.process !== process) return;
    unit.process = undefined;
    const { restartMs } = unit;
    if (restartMs === null) unit.wanted = false;
    else {
      const wait = this.random.between(restartMs.from, restartMs.to);
      this.after(wait * 1000, undefined, () => {
        if (unit.wanted && unit.process === undefined) this.#launch(unit);
      });
    }
  }

  #launch(unit: Unit): void {
    unit.starts++;
    const process = new MachineProcess(this, unit.name, this.#nextPid(), unit.starts);
    unit.process = process;
    this.#processes.set(process.pid, process);
    this.trace(unit.name, `${process.instance} starts with pid ${String(process.pid)}`);
    process.soon(() => {
      unit.program(process).catch((error: unknown) => {
        if (!process.alive) return;
        this.count("process.failed");
        this.end(process, `it failed: ${String(error)}`);
      });
    });
  }

  /** Numbers are used again soon. */
  #nextPid(): number {
    do this.#pid = this.#pid > FIRST_PID + 40 ? FIRST_PID : this.#pid + 1;
    while (this.#processes.has(this.#pid));
    return this.#pid;
  }

  // ---- the record

  trace(who: string, text: string): void {
    this.#trace.add(`${String(this.#now)} ${who}: ${text}`);
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** Equal for two runs in which the same happened. */
  get hash(): string {
    return this.#trace.hash;
  }
}
