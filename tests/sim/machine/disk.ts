/**
 * The machine's disk: files that outlive processes. An operation is asked for, happens at one moment later on, and is then told.
 * Who dies in between leaves of an append any beginning, of all else everything or nothing.
 */
import type { Machine } from "./machine.ts";
import type { MachineProcess } from "./machine_process.ts";
import type { SimulatedDisk } from "./process.ts";

const LATENCY_US = { from: 50, to: 3000 } as const;

export class Disk {
  readonly files = new Map<string, string>();
  readonly #locks = new Map<string, Lock>();

  /** The disk as one process has it. */
  of(process: MachineProcess): ProcessDisk {
    return new ProcessDisk(this, process);
  }

  list(directory: string): string[] {
    const under = directory === "" || directory.endsWith("/") ? directory : `${directory}/`;
    const names = new Set<string>();
    for (const path of this.files.keys()) {
      if (!path.startsWith(under)) continue;
      const [name] = path.slice(under.length).split("/");
      if (name !== undefined && name !== "") names.add(name);
    }
    return [...names].sort();
  }

  lockOf(path: string): Lock {
    let lock = this.#locks.get(path);
    if (lock === undefined) this.#locks.set(path, (lock = new Lock()));
    return lock;
  }

  /** The kernel takes back what a dead process held. */
  releaseAll(process: MachineProcess): void {
    for (const lock of this.#locks.values()) lock.forget(process);
  }
}

class Lock {
  #holder: MachineProcess | undefined;
  readonly #waiting: { readonly process: MachineProcess; readonly got: () => void }[] = [];

  take(process: MachineProcess, got: () => void): void {
    this.#waiting.push({ process, got });
    this.#next();
  }

  release(): void {
    this.#holder = undefined;
    this.#next();
  }

  forget(process: MachineProcess): void {
    const left = this.#waiting.filter((one) => one.process !== process);
    this.#waiting.splice(0, this.#waiting.length, ...left);
    if (this.#holder === process) this.release();
  }

  #next(): void {
    if (this.#holder !== undefined) return;
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#holder = first.process;
    first.process.soon(first.got);
  }
}

interface Pending {
  /** What a death leaves of it. */
  readonly torn: () => void;
}

export class ProcessDisk implements SimulatedDisk {
  readonly #disk: Disk;
  readonly #process: MachineProcess;
  readonly #machine: Machine;
  readonly #pending = new Set<Pending>();

  constructor(disk: Disk, process: MachineProcess) {
    this.#disk = disk;
    this.#process = process;
    this.#machine = process.machine;
  }

  read(path: string): Promise<string | undefined> {
    return this.#do(`read ${path}`, () => this.#disk.files.get(path));
  }

  writeAtomic(path: string, text: string): Promise<void> {
    return this.#do(`write ${path}`, () => void this.#disk.files.set(path, text));
  }

  append(path: string, text: string): Promise<void> {
    const { files } = this.#disk;
    const add = (more: string): void => void files.set(path, (files.get(path) ?? "") + more);
    const torn = (): void => {
      const length = this.#machine.random.below(text.length + 1);
      if (length === 0) return;
      if (length < text.length) this.#machine.count("disk.torn_append");
      add(text.slice(0, length));
    };
    return this.#do(
      `append ${path}`,
      () => {
        add(text);
      },
      torn,
    );
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#do(`list ${directory}`, () => this.#disk.list(directory));
  }

  move(from: string, to: string): Promise<void> {
    return this.#do(`move ${from} ${to}`, () => {
      const text = this.#disk.files.get(from);
      if (text === undefined) throw new Error(`move ${from} to ${to}: there is no such file`);
      this.#disk.files.delete(from);
      this.#disk.files.set(to, text);
    });
  }

  remove(path: string): Promise<void> {
    return this.#do(`remove ${path}`, () => void this.#disk.files.delete(path));
  }

  /** As flock(2): whoever dies lets go. */
  lock(path: string): Promise<() => void> {
    return new Promise((resolve) => {
      const lock = this.#disk.lockOf(path);
      lock.take(this.#process, () => {
        resolve(() => {
          if (this.#process.alive) lock.release();
        });
      });
    });
  }

  /** The process died: what was under way happened, or not. */
  die(): void {
    for (const { torn } of this.#pending) torn();
    this.#pending.clear();
    this.#disk.releaseAll(this.#process);
  }

  #do<T>(what: string, effect: () => T, torn?: () => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!this.#process.alive) return promise;
    const { random } = this.#machine;
    const pending: Pending = {
      torn:
        torn ??
        (() => {
          if (random.chance(0.5)) attempt(effect);
        }),
    };
    this.#pending.add(pending);
    // By the kernel: it happens also while the process stands still.
    this.#machine.after(random.between(LATENCY_US.from, LATENCY_US.to), undefined, () => {
      if (!this.#pending.delete(pending)) return;
      this.#machine.trace(this.#process.name, what);
      const done = attempt(effect);
      this.#process.soon(() => {
        if (done.ok) resolve(done.value);
        else reject(done.error);
      });
    });
    return promise;
  }
}

function attempt<T>(effect: () => T): { ok: true; value: T } | { ok: false; error: unknown } {
  try {
    return { ok: true, value: effect() };
  } catch (error) {
    return { ok: false, error };
  }
}
