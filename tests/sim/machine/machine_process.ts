/** One process of the machine. Everything it waits for comes through `after`: it stands still and dies with it. */
import type { Ambient, Bus } from "@kloros/bus-client";
import { busOver } from "@kloros/bus-client/testing";
import type { ProcessDisk } from "./disk.ts";
import type { PlannedEvent } from "./event_queue.ts";
import type { Machine } from "./machine.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Randomness } from "./randomness.ts";

export type ProcessState = "running" | "stopped" | "dead";

/** A process sees what the kernel tells it after this, µs. */
const WAKE_US = { from: 5, to: 80 } as const;

export class MachineProcess implements SimulatedProcess {
  readonly machine: Machine;
  readonly name: string;
  readonly pid: number;
  /** Never the same twice. */
  readonly instance: string;
  readonly startedAt: number;
  readonly salt: number;
  readonly random: Randomness;
  readonly ambient: Ambient;
  readonly disk: ProcessDisk;
  readonly #deaths: (() => void)[] = [];
  readonly #parked: PlannedEvent[] = [];
  #state: ProcessState = "running";
  #terminate: (() => Promise<void>) | undefined;

  constructor(machine: Machine, name: string, pid: number, n: number) {
    this.machine = machine;
    this.name = name;
    this.pid = pid;
    this.instance = `${name} ${String(n)}`;
    this.startedAt = machine.nowUs;
    this.random = machine.random.fork(this.instance);
    this.salt = this.random.below(2 ** 31);
    this.disk = machine.disk.of(this);
    this.ambient = {
      monotonicMs: () => (machine.nowUs - this.startedAt) / 1000,
      random: () => this.random.random(),
      after: (delayMs, task) => this.after(delayMs * 1000, task),
    };
  }

  get state(): ProcessState {
    return this.#state;
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  wallMs(): number {
    return this.machine.wallMs();
  }

  connect(service: string): Bus {
    const { network, endpoints, clientTiming } = this.machine;
    return busOver(network.socketsOf(this), this.ambient, {
      service,
      instance: this.instance,
      endpoint: endpoints.bus,
      liveEndpoint: endpoints.live,
      timing: clientTiming,
    });
  }

  note(text: string): void {
    this.machine.trace(this.name, text);
  }

  onTerminate(task: () => Promise<void>): void {
    this.#terminate = task;
  }

  /** Its own doing: an exit, an abort, a handler that takes it down. Nothing of it goes on. */
  async exit(why: string): Promise<never> {
    this.machine.end(this, why);
    return new Promise<never>(() => undefined);
  }

  // ---- for the machine and what it consists of

  /** `delayUs`: from now. Returns its cancellation. */
  after(delayUs: number, task: () => void): () => void {
    if (!this.alive) return () => undefined;
    const event = this.machine.after(delayUs, this, task);
    return () => {
      event.cancelled = true;
    };
  }

  soon(task: () => void): void {
    this.after(this.machine.random.between(WAKE_US.from, WAKE_US.to), task);
  }

  /** What else ends with it. */
  onDeath(task: () => void): void {
    this.#deaths.push(task);
  }

  /** SIGTERM. False: it has no handler for it. */
  terminate(): boolean {
    const task = this.#terminate;
    if (task === undefined) return false;
    this.#terminate = undefined;
    this.soon(() => {
      const over = (): void => {
        this.machine.end(this, "ended as asked");
      };
      task().then(over, over);
    });
    return true;
  }

  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  continue(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    for (const [index, event] of this.#parked.splice(0).entries()) {
      if (!event.cancelled) this.machine.repeat(event, index);
    }
  }

  park(event: PlannedEvent): void {
    this.#parked.push(event);
  }

  die(): void {
    if (!this.alive) return;
    this.#state = "dead";
    this.disk.die();
    for (const task of this.#deaths) task();
  }
}
