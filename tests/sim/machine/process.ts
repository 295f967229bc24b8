/**
 * What a program in the simulation gets of its machine. Everything that a program waits for comes from here, so the machine
 * can let it die or stand still at any wait: what a dead process waited for never comes.
 */
import type { Ambient, Bus } from "@kloros/bus-client";

export interface SimulatedProcess {
  readonly name: string;
  readonly pid: number;
  /** Never the same twice, unlike the pid. */
  readonly instance: string;
  /** Monotonic time, randomness and timers of this process; they stop with it. */
  readonly ambient: Ambient;
  /** UTC ms; may be set forwards and backwards by the machine. */
  wallMs(): number;
  readonly disk: SimulatedDisk;
  /** A connection to the simulated bus, over the simulated network. */
  connect(service: string): Bus;
  /** Asked to end (SIGTERM): `task` hands back what it holds, then the process is over. Without it, it is over at once. */
  onTerminate(task: () => Promise<void>): void;
  /** Ends the process from within; nothing comes after it. */
  exit(why: string): Promise<never>;
  /** A line of the run's record, which a replay prints. */
  note(text: string): void;
}

/**
 * Files that outlive the process. Each call takes simulated time and happens at one moment of it: whoever dies before leaves
 * things as they were. Paths are plain names with slashes; directories need not be made.
 */
export interface SimulatedDisk {
  read(path: string): Promise<string | undefined>;
  /** All or nothing. */
  writeAtomic(path: string, text: string): Promise<void>;
  /** A death may leave any beginning of `text`. */
  append(path: string, text: string): Promise<void>;
  /** Names directly under `directory`, sorted. */
  list(directory: string): Promise<readonly string[]>;
  move(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** As flock(2): waits for it, whoever dies lets go of it. Resolves with its release. */
  lock(path: string): Promise<() => void>;
}

/** Started anew after each death of its process. Returns when everything is set up. */
export type Program = (process: SimulatedProcess) => Promise<void>;
