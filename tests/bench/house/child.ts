/**
 * A program of a benchmark: told what to do by lines on its stdin, tells by lines of JSON on its stdout.
 *
 * Every wait has a bound, and ends at once when the program does, with what it said on stderr.
 */
type Process = Bun.Subprocess<"pipe", "pipe", "pipe">;
export type ChildEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

const STDERR_KEPT = 4000;
const STOP_MS = 5000;

interface Waiter {
  readonly event: string;
  readonly take: (event: ChildEvent) => void;
  readonly fail: (error: Error) => void;
}

export interface ChildOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Other lines than events: a service's log. Default: passed over. */
  readonly onLine?: (line: string) => void;
}

export class Child {
  readonly name: string;
  readonly #process: Process;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #events: ChildEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #stderr = "";
  #over: Error | undefined;

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#onLine = options.onLine;
    this.#process = Bun.spawn([...options.command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    void this.#readEvents();
    void this.#readErrors();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The end of what it said on stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  tell(line: string | object): void {
    void this.#process.stdin.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    void this.#process.stdin.flush();
  }

  /** The next event of that name. Rejects when the program ends or `timeoutMs` have passed. */
  async event(event: string, timeoutMs: number): Promise<ChildEvent> {
    const index = this.#events.findIndex((one) => one.event === event);
    const [found] = index < 0 ? [] : this.#events.splice(index, 1);
    if (found !== undefined) return found;
    if (this.#over !== undefined) throw this.#over;
    const { promise, resolve, reject } = Promise.withResolvers<ChildEvent>();
    const waiter: Waiter = { event, take: resolve, fail: reject };
    this.#waiters.push(waiter);
    const timer = setTimeout(() => {
      reject(
        new Error(`${this.name} did not say "${event}" within ${String(timeoutMs)} ms. ${this.#stderr}`),
      );
    }, timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    }
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    if (this.#process.exitCode === null) this.#process.kill(signal);
  }

  /** SIGTERM, and SIGKILL for who does not listen. */
  async end(): Promise<void> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.kill("SIGKILL");
    }, STOP_MS);
    await this.#process.exited;
    clearTimeout(timer);
  }

  async #readEvents(): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
    const code = await this.#process.exited;
    this.#over = new Error(`${this.name} ended with code ${String(code)}. ${this.#stderr}`);
    for (const waiter of [...this.#waiters]) waiter.fail(this.#over);
  }

  #take(line: string): void {
    const event = parseEvent(line);
    if (event === undefined) {
      this.#onLine?.(line);
      return;
    }
    const waiter = this.#waiters.find((one) => one.event === event.event);
    if (waiter === undefined) this.#events.push(event);
    else waiter.take(event);
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stderr) {
      this.#stderr = (this.#stderr + decoder.decode(chunk, { stream: true })).slice(-STDERR_KEPT);
    }
  }
}

/** Undefined: another line. */
function parseEvent(line: string): ChildEvent | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as ChildEvent;
  } catch {
    return undefined;
  }
}
