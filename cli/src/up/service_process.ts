/**
 * One service as a process: started, watched, started again when it dies, stopped.
 *
 * It leads a session of its own, so that a Ctrl-C in the terminal reaches `up` alone, which then stops all in order.
 */
import type { RotatingLog } from "@kloros/daemon";
import { PARENT_VARIABLE } from "./die_with_parent.ts";
import { shownRecord, standardErrorLine, type LogRecord } from "./log_record.ts";
import { readLines } from "./output_lines.ts";
import { probeReadiness } from "./readiness_probe.ts";
import { afterDeath } from "./restart_policy.ts";
import type { UpService } from "./service_list.ts";

export type ServiceEvent =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "ready"; readonly pid: number; readonly afterMs: number }
  | { readonly kind: "not_ready"; readonly why: string }
  | { readonly kind: "died"; readonly how: string; readonly delayMs: number }
  /** It will not be started again: `up` ends. `said`: its last words. */
  | { readonly kind: "gave_up"; readonly how: string; readonly said: readonly string[] }
  | { readonly kind: "killed"; readonly pid: number }
  | { readonly kind: "log_failed"; readonly path: string; readonly why: string };

export interface ServiceProcessOptions {
  readonly service: UpService;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly socketPath: string;
  readonly log: RotatingLog;
  readonly onEvent: (event: ServiceEvent) => void;
  readonly onLine: (line: string) => void;
  readonly onRecord: (record: LogRecord) => void;
}

export type ServiceState = "starting" | "ready" | "not_ready" | "waiting" | "gave_up" | "stopped";

const PROBE_MS_FIRST = 25;
const PROBE_MS_MAX = 2000;
/** A start that takes longer is told with what it waits for. */
const START_MS = 3000;
/** Of the last words. */
const SAID_LINES_MAX = 20;

export class ServiceProcess {
  readonly service: UpService;
  readonly #options: ServiceProcessOptions;
  #child: Bun.Subprocess | undefined;
  #state: ServiceState = "stopped";
  #why = "not started";
  #stopping = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deaths = 0;
  #restarts = 0;
  #wasReady = false;
  #readySinceMs: number | undefined;
  #said: string[] = [];
  #ended: Promise<void> = Promise.resolve();

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
    this.service = options.service;
  }

  get name(): string {
    return this.service.name;
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Why it is not ready. */
  get why(): string {
    return this.#why;
  }

  /** Undefined when no process runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    const { onEvent } = this.#options;
    const startedMs = performance.now();
    this.#said = [];
    this.#readySinceMs = undefined;
    let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
    try {
      child = this.#spawn();
    } catch (error) {
      // No process could be made (too many, no memory, the runtime is being replaced): like a death at once.
      this.#died({ exitCode: null, how: `it cannot be started: ${String(error)}` });
      return;
    }
    this.#child = child;
    this.#set("starting", "it is starting");
    onEvent({ kind: "started", pid: child.pid });
    this.#ended = this.#follow(child);
    this.#probeSoon(child.pid, startedMs, PROBE_MS_FIRST);
  }

  /** Asks it to end, waits up to `graceMs`, then kills it. Resolves when the process is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) {
      this.#set("stopped", "stopped");
      return;
    }
    child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.kill();
    }, graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** At once. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGKILL");
    this.#options.onEvent({ kind: "killed", pid: child.pid });
  }

  #spawn(): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const { command, env } = this.#options;
    return Bun.spawn([...command], {
      env: { ...env, [PARENT_VARIABLE]: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }

  async #follow(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
    const output = Promise.all([
      readLines(child.stdout, (line) => {
        this.#took(line);
      }),
      readLines(child.stderr, (line) => {
        this.#took(standardErrorLine(this.name, line, Date.now()));
        this.#remember(line);
      }),
    ]);
    await child.exited;
    // What it started itself may still hold its output open.
    await Promise.race([output, Bun.sleep(500)]);
    this.#child = undefined;
    const exitCode = child.signalCode === null ? child.exitCode : null;
    this.#died({
      exitCode,
      how: exitCode === null ? `signal ${child.signalCode ?? "unknown"}` : `exit code ${exitCode}`,
    });
  }

  #took(line: string): void {
    const { log, onLine, onRecord, onEvent } = this.#options;
    const before = log.failure;
    log.write(line);
    if (log.failure !== undefined && before === undefined) {
      onEvent({ kind: "log_failed", path: log.path, why: log.failure });
    }
    onLine(line);
    const record = shownRecord(this.name, line);
    if (record === undefined) return;
    if (record.level === "fatal") this.#remember(record.message);
    onRecord(record);
  }

  #remember(line: string): void {
    this.#said.push(line);
    if (this.#said.length > SAID_LINES_MAX) this.#said.shift();
  }

  #died({ exitCode, how }: { readonly exitCode: number | null; readonly how: string }): void {
    clearTimeout(this.#timer);
    if (this.#stopping) {
      this.#set("stopped", "stopped");
      return;
    }
    const { onEvent } = this.#options;
    const next = afterDeath({
      exitCode,
      wasReady: this.#wasReady,
      readyForMs: this.#readySinceMs === undefined ? 0 : performance.now() - this.#readySinceMs,
      deathsBefore: this.#deaths,
    });
    if (next.kind === "give_up") {
      this.#set("gave_up", how);
      onEvent({ kind: "gave_up", how, said: this.#said });
      return;
    }
    this.#deaths = next.deathsInRow;
    this.#set("waiting", `it died (${how}) and is started again`);
    onEvent({ kind: "died", how, delayMs: next.delayMs });
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.start();
    }, next.delayMs);
  }

  #probeSoon(pid: number, startedMs: number, delayMs: number): void {
    this.#timer = setTimeout(() => void this.#probe(pid, startedMs, delayMs), delayMs);
  }

  async #probe(pid: number, startedMs: number, delayMs: number): Promise<void> {
    const answer = await probeReadiness(this.#options.socketPath);
    if (this.#child?.pid !== pid || this.#stopping) return;
    if (answer.kind === "ready") this.#becameReady(pid, startedMs);
    else if (answer.kind === "not_ready") this.#becameUnready(reasonsText(answer.reasons), startedMs);
    const next = this.#state === "starting" ? Math.min(delayMs * 1.5, 250) : PROBE_MS_MAX;
    this.#probeSoon(pid, startedMs, next);
  }

  #becameReady(pid: number, startedMs: number): void {
    if (this.#state === "ready") return;
    const again = this.#state === "not_ready";
    this.#set("ready", "");
    this.#wasReady = true;
    this.#readySinceMs ??= performance.now();
    this.#options.onEvent({
      kind: "ready",
      pid,
      afterMs: again ? 0 : Math.round(performance.now() - startedMs),
    });
  }

  #becameUnready(why: string, startedMs: number): void {
    // A start is not worth a line, unless it does not come to an end.
    const starts = this.#state === "starting" && performance.now() - startedMs < START_MS;
    const told = this.#state === "not_ready" && this.#why === why;
    this.#set(starts ? "starting" : "not_ready", why);
    if (!starts && !told) this.#options.onEvent({ kind: "not_ready", why });
  }

  #set(state: ServiceState, why: string): void {
    this.#state = state;
    this.#why = why;
  }
}

function reasonsText(reasons: Readonly<Record<string, string>>): string {
  const parts = Object.entries(reasons).map(([name, why]) => `${name}: ${why}`);
  return parts.length === 0 ? "it does not say why" : parts.join("; ");
}
