/**
 * One child process of an evaluator, in a group of its own, with limits.
 *
 * However it ends, its whole group is killed, and everything that carries its mark.
 */
import { groupMemoryMb } from "./group_memory.ts";
import { endMarked, killMarked, signalGroup } from "../processes/marked.ts";
import { markOf, MARK_VARIABLE } from "./mark.ts";
import { LineReader, tailOf } from "./output.ts";

const MEMORY_LOOK_MS = 250;
/** What was written before the end is in the pipe and is read at once; longer waits only who left the group. */
const DRAIN_MS = 300;

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly mark: string;
  readonly memoryMb: number;
  readonly onLine: (line: string) => void;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why we ended it; undefined when it ended by itself. */
  readonly halted: string | undefined;
  /** The end of its stderr. */
  readonly stderr: string;
}

/** Or why the system makes no process: too many of them, no memory, no working directory. */
export function startProcess(options: ProcessOptions): EvaluatorProcess | string {
  try {
    return new EvaluatorProcess(options);
  } catch (error) {
    return `it cannot be started in ${options.cwd}: ${String(error)}`;
  }
}

export class EvaluatorProcess {
  /** Resolves when it has ended, its output is read and its group is gone. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #options: ProcessOptions;
  readonly #lines: LineReader;
  readonly #errors: ReturnType<typeof tailOf>;
  #halted: string | undefined;
  #isOver = false;
  #strays: Promise<unknown> | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#lines = new LineReader(options.onLine, (reason) => {
      this.halt(reason);
    });
    this.#child = Bun.spawn([...options.command], {
      stdio: ["pipe", "pipe", "pipe"],
      cwd: options.cwd,
      detached: true,
      env: { ...options.environment, [MARK_VARIABLE]: options.mark },
    });
    this.#errors = tailOf(this.#child.stderr);
    this.ended = this.#follow();
    this.#watchMemory();
  }

  /** Gives it something to do; what it writes is counted and kept anew. */
  send(text: string): void {
    this.#lines.reset();
    this.#errors.reset();
    try {
      void Promise.resolve(this.#child.stdin.write(text)).catch(() => undefined);
      void Promise.resolve(this.#child.stdin.flush()).catch(() => undefined);
    } catch {
      // It does not read, or has ended: its end says more.
    }
  }

  closeInput(): void {
    try {
      void Promise.resolve(this.#child.stdin.end()).catch(() => undefined);
    } catch {
      // As above.
    }
  }

  /** Ends it and all that it started. The first reason counts. */
  halt(reason: string): void {
    if (this.#isOver || this.#halted !== undefined) return;
    this.#halted = reason;
    signalGroup(this.#child.pid, "SIGKILL");
    this.#strays = endMarked(markOf(this.#options.mark));
  }

  async #follow(): Promise<ProcessEnd> {
    const child = this.#child;
    const stdout = this.#lines.read(child.stdout).catch(() => undefined);
    const stderr = this.#errors;
    await child.exited;
    // Only members that it left behind: the number is not given to another group while one of them lives.
    signalGroup(child.pid, "SIGKILL");
    killMarked(markOf(this.#options.mark));
    await this.#strays;
    if (!(await settles(Promise.all([stdout, stderr.done]), DRAIN_MS))) {
      await endMarked(markOf(this.#options.mark));
      await settles(Promise.all([stdout, stderr.done]), DRAIN_MS);
    }
    this.#isOver = true;
    return {
      code: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
      halted: this.#halted,
      stderr: stderr.text(),
    };
  }

  #watchMemory(): void {
    const timer = setTimeout(() => {
      if (this.#isOver || this.#halted !== undefined) return;
      if (groupMemoryMb(this.#child.pid) > this.#options.memoryMb) {
        this.halt(`out of memory: it used more than ${String(this.#options.memoryMb)} MB`);
        return;
      }
      this.#watchMemory();
    }, MEMORY_LOOK_MS);
    void this.ended.then(() => {
      clearTimeout(timer);
    });
  }
}

async function settles(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    resolve(false);
  }, limitMs);
  void work.then(() => {
    resolve(true);
  });
  const isSettled = await promise;
  clearTimeout(timer);
  return isSettled;
}
