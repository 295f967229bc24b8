/**
 * The bus as a process of the simulated machine: the real broker and the real server, driven turn by turn as the main loop of the
 * daemon drives them, over a journal that a crash rolls back to its last commit.
 */
import { drainMicrotasks } from "bun:jsc";
import { type BoundEndpoint, BusServer, MainLoop, type ServerMachine } from "@kloros/chemical-bus/testing";
import { type Broker, JournalFullError, type RetentionLimits } from "@kloros/journal";
import { MortalJournal } from "@kloros/journal/testing";
import type { Machine } from "../machine/machine.ts";
import type { MachineProcess } from "../machine/machine_process.ts";
import type { Frames } from "../network/channel.ts";
import { RouterSocket } from "../network/router_socket.ts";
import type { SimSocket } from "../network/sim_socket.ts";

export const BUS = "chemical-bus";

/** Opening the journal and binding, µs. */
const START_US = { from: 2000, to: 60_000 } as const;
/** What a turn with its commit takes, µs. */
const TURN_US = { from: 20, to: 900 } as const;

/** Where in a transaction the bus dies. */
export type CrashPoint = "before commit" | "after commit";

export interface SimBusOptions {
  readonly retention?: RetentionLimits | undefined;
  /** After each transaction that was committed or rolled back, and after each turn. */
  readonly look?: Partial<BusWatcher> | undefined;
}

export interface BusWatcher {
  committed(bus: SimBus): void;
  rolledBack(bus: SimBus): void;
  turned(bus: SimBus): void;
  /** Before it goes out. */
  sends(bus: SimBus, frames: Frames): void;
}

export class SimBus {
  readonly machine: Machine;
  readonly journal: MortalJournal;
  readonly #options: SimBusOptions;
  #broker: Broker | undefined;
  #process: MachineProcess | undefined;
  #crash: CrashPoint | undefined;
  #fullUntilUs = 0;
  #ids = 0;

  constructor(machine: Machine, options: SimBusOptions = {}) {
    this.machine = machine;
    this.#options = options;
    this.journal = new MortalJournal({
      beforeCommit: () => {
        if (this.#process?.state === "running" && this.machine.nowUs < this.#fullUntilUs) {
          machine.count("journal.full");
          throw new JournalFullError("the simulated disk is full");
        }
        this.#crashAt("before commit");
      },
      afterCommit: () => {
        this.#crashAt("after commit");
        if (this.#process?.alive === true) options.look?.committed?.(this);
      },
      afterRollback: () => options.look?.rolledBack?.(this),
    });
    machine.start(BUS, (process) => this.#run(process));
  }

  /** Undefined while it does not run. */
  get broker(): Broker | undefined {
    return this.#broker;
  }

  /** The next transaction does not end well. */
  crashInNextCommit(point: CrashPoint): void {
    this.#crash = point;
  }

  fillDisk(ms: number): void {
    this.#fullUntilUs = this.machine.nowUs + ms * 1000;
  }

  /** No crash, no full disk any more. */
  heal(): void {
    this.#crash = undefined;
    this.#fullUntilUs = 0;
  }

  /** What the broker of now counted since it started. */
  countTransitions(): void {
    for (const [what, n] of Object.entries(this.#broker?.counters ?? {}))
      this.machine.count(`journal.${what}`, n);
  }

  #crashAt(point: CrashPoint): void {
    if (this.#crash !== point) return;
    this.#crash = undefined;
    this.machine.count(`bus.crash ${point}`);
    this.machine.trace(BUS, `crashes ${point}`);
    this.machine.kill(BUS);
  }

  async #run(process: MachineProcess): Promise<void> {
    this.#process = process;
    this.#crash = undefined;
    process.onDeath(() => {
      this.countTransitions();
      this.#broker = undefined;
      this.journal.kill();
    });
    await new Promise<void>((resolve) => {
      process.after(process.random.between(START_US.from, START_US.to), resolve);
    });
    const nowMs = (): number => process.ambient.monotonicMs();
    const broker = this.journal.openBroker({
      clock: {
        wallMs: () => this.machine.wallMs(),
        monotonicMs: nowMs,
        boot: () => this.machine.boot(),
      },
      random: () => process.random.random(),
      autoFlush: false,
      version: "simulated",
      retention: this.#options.retention,
    });
    this.#broker = broker;
    const server = this.#openServer(process, broker);
    const loop = new MainLoop({ server, broker, nowMs });
    const turns = new Turns(process, server, loop, () => this.#options.look?.turned?.(this));
    process.onTerminate(async () => {
      turns.end();
      await server.close();
      broker.close();
      this.countTransitions();
      this.#broker = undefined;
    });
  }

  #openServer(process: MachineProcess, broker: Broker): BusServer {
    const { endpoints } = this.machine;
    return new BusServer({
      broker,
      endpoint: endpoints.bus,
      liveEndpoints: [endpoints.live],
      machine: this.#serverMachine(process),
      onEvent: (event) => {
        if (!process.alive) return;
        this.machine.count(`server.${event.event}`);
        this.machine.trace(BUS, JSON.stringify(event));
      },
    });
  }

  #serverMachine(process: MachineProcess): ServerMachine {
    const { machine } = this;
    return {
      uid: 0,
      open: (type) => {
        const socket = machine.network.open(process, type);
        if (socket instanceof RouterSocket) {
          socket.onSend = (frames) => this.#options.look?.sends?.(this, frames);
        }
        return socket;
      },
      bind: (socket, endpoint): BoundEndpoint => ({
        endpoint: socket.bind(endpoint),
        check: () => undefined,
      }),
      markProcess: (pid) => ({ pid, startedAt: machine.startOf(pid) ?? "gone" }),
      isAlive: ({ pid, startedAt }) => machine.isAlive(pid, startedAt),
      newId: () => `session ${String(++this.#ids)}`,
      nowMs: () => process.ambient.monotonicMs(),
      pause: (ms) =>
        new Promise((resolve) => {
          process.after(ms * 1000, resolve);
        }),
    };
  }
}

/** In place of the poll: a turn when there is input, and one when the wait for it is over. */
class Turns {
  readonly #process: MachineProcess;
  readonly #sockets: readonly SimSocket[];
  readonly #loop: MainLoop;
  readonly #after: () => void;
  #cancel: () => void = () => undefined;
  #busyUntil = 0;
  #ended = false;

  constructor(process: MachineProcess, server: BusServer, loop: MainLoop, after: () => void) {
    this.#process = process;
    this.#sockets = server.sockets as readonly SimSocket[];
    this.#loop = loop;
    this.#after = after;
    for (const socket of this.#sockets) {
      socket.onReadable(() => {
        this.#plan(0);
      });
    }
    this.#plan(0);
  }

  end(): void {
    this.#ended = true;
    this.#cancel();
  }

  /** The last plan counts. */
  #plan(waitMs: number): void {
    if (this.#ended) return;
    const { machine } = this.#process;
    this.#cancel();
    const wait = Math.max(waitMs * 1000, this.#busyUntil - machine.nowUs);
    this.#cancel = this.#process.after(wait, () => {
      this.#turn();
    });
  }

  #turn(): void {
    const { machine, random } = this.#process;
    this.#busyUntil = machine.nowUs + random.between(TURN_US.from, TURN_US.to);
    this.#loop.turn();
    // The loop gives way to the event loop here: results of the commit are sent.
    drainMicrotasks();
    if (!this.#process.alive) return;
    this.#after();
    this.#plan(this.#sockets.some((socket) => socket.readable) ? 0 : this.#loop.waitMs);
  }
}
