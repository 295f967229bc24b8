/** One service as the real process that it is: started, killed, stopped, continued, ended in order. */
import { join } from "node:path";
import { healthSocketPath, type Installation } from "@kloros/daemon";
import { until } from "@kloros/bus-client/testing";

const ROOT = join(import.meta.dir, "../../..");
/** Keeps a service from outliving a test run that is killed. */
const DIE_WITH_PARENT = join(ROOT, "cli/src/up/die_with_parent.ts");
const LINES_MAX = 2000;
const READY_LIMIT_MS = 60_000;

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export interface DaemonOptions {
  readonly service: string;
  readonly paths: Installation;
  /** Beside home, source and runtime. */
  readonly flags?: readonly string[];
  /** A directory of compiled programs, one name a service; default: from source. */
  readonly compiled?: string | undefined;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  /** A command that sets its limits and becomes the one behind it. */
  readonly within?: readonly string[];
}

export class DaemonProcess {
  readonly service: string;
  /** Of all its processes, the newest 2,000. */
  readonly lines: LogLine[] = [];
  /** What was said outside the log. */
  readonly complaints: string[] = [];
  readonly #options: DaemonOptions;
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #output: Promise<unknown> = Promise.resolve();
  #kills = 0;
  #heard = 0;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.service = options.service;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }
  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
  /** How often `kill` ended it. */
  get kills(): number {
    return this.#kills;
  }

  /** Lines that it wrote so far. */
  get heard(): number {
    return this.#heard;
  }

  start(options: StartOptions = {}): void {
    if (this.running) throw new Error(`${this.service} runs already, pid ${String(this.pid)}`);
    const { paths, flags = [] } = this.#options;
    const places = ["--home", paths.home, "--source", paths.source, "--runtime", paths.runtime];
    const child = Bun.spawn(
      [...(options.within ?? []), ...this.#program(), ...places, "--act", ...flags, ...(options.flags ?? [])],
      {
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: paths.home,
          KLOROS_LOG_FORMAT: "json",
          KLOROS_UP_PID: String(process.pid),
          ...options.env,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child = child;
    this.#output = Promise.all([
      readLines(child.stdout, (line) => this.#took(line)),
      readLines(child.stderr, (line) => this.complaints.push(line)),
    ]);
  }

  /** Resolves when `/readyz` says so. Throws with its last words when it ends before. */
  async ready(limitMs = READY_LIMIT_MS): Promise<void> {
    let reasons: unknown = "nobody answers";
    const isReady = async (): Promise<boolean> => {
      if (!this.running) throw new Error(`${this.service} ended: ${this.lastWords()}`);
      const answer = await this.readiness();
      reasons = answer?.reasons ?? reasons;
      return answer?.ok === true;
    };
    try {
      await until(`${this.service} to be ready`, isReady, { limitMs });
    } catch (error) {
      if (!this.running) throw error;
      throw new Error(`${String(error)}: ${JSON.stringify(reasons)}; ${this.lastWords()}`, { cause: error });
    }
  }

  /** What `/readyz` answers; undefined when nobody does. */
  async readiness(): Promise<
    { readonly ok: boolean; readonly reasons: Readonly<Record<string, string>> } | undefined
  > {
    try {
      const response = await fetch("http://service/readyz", {
        unix: healthSocketPath(this.#options.paths, this.service),
        signal: AbortSignal.timeout(1000),
        // A connection of an earlier answer would outlive the socket's file.
        keepalive: false,
      });
      return (await response.json()) as { ok: boolean; reasons: Record<string, string> };
    } catch {
      return undefined;
    }
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.#kills += 1;
    await this.end("SIGKILL");
  }

  /** Resolves with its exit code, null when a signal ended it. */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    if (this.running) {
      this.send("SIGCONT");
      this.send(signal);
    }
    return this.exited();
  }

  /** Waits for its own end. */
  async exited(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    await child.exited;
    await this.#output;
    return child.signalCode === null ? child.exitCode : null;
  }

  /** The signal that ended it. */
  get endedBy(): string | number | null {
    return this.#child?.signalCode ?? null;
  }

  send(signal: "SIGSTOP" | "SIGCONT" | "SIGTERM" | "SIGKILL"): void {
    this.#child?.kill(signal);
  }

  /** Most memory that it ever had in use, KiB. */
  async peakKiB(): Promise<number> {
    const status = await Bun.file(`/proc/${String(this.pid)}/status`).text();
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  says(text: string): boolean {
    return this.lines.some((line) => line.msg?.includes(text) === true);
  }

  lastWords(count = 5): string {
    return [
      ...this.lines.slice(-count).map((line) => JSON.stringify(line)),
      ...this.complaints.slice(-count),
    ].join("\n");
  }

  /** Both end with their parent. */
  #program(): readonly string[] {
    const { service, compiled } = this.#options;
    if (compiled !== undefined) return [join(compiled, service)];
    return [process.execPath, "--preload", DIE_WITH_PARENT, join(ROOT, "services", service, "src/main.ts")];
  }

  #took(line: string): void {
    this.#heard += 1;
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.complaints.push(line);
    }
    if (this.lines.length > LINES_MAX) this.lines.shift();
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}
