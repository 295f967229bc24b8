/** Starts, kills, stops and continues a bus process over a journal in a directory of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus, type ConnectOptions } from "@kloros/bus-client";

/** Started by its path: the bus is a process like any other here. */
const PROGRAM = join(import.meta.dir, "../../services/chemical-bus/src/testing/bus_process.ts");

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

/** Waits for a line on a child's stdout; throws with what it said on stderr when it ends before. */
async function untilLine(
  child: Bun.Subprocess<"ignore" | "pipe", "pipe", "pipe">,
  line: string,
): Promise<void> {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done)
      throw new Error(`the process ended before it said ${line}: ${await new Response(child.stderr).text()}`);
    text += decoder.decode(value, { stream: true });
    if (text.split("\n").includes(line)) break;
  }
  reader.releaseLock();
}

export class BusHarness {
  readonly directory = mkdtempSync(join(tmpdir(), "bus-"));
  readonly #limits: object;
  readonly #services: readonly string[] | "*";
  readonly #buses = new Set<Bus>();
  #child: Child | undefined;

  constructor(limits: object = {}, services: readonly string[] | "*" = "*") {
    this.#limits = limits;
    this.#services = services;
  }

  get endpoint(): string {
    return `ipc://${join(this.directory, "bus.sock")}`;
  }
  get liveEndpoint(): string {
    return `ipc://${join(this.directory, "live.sock")}`;
  }
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  async start(): Promise<void> {
    this.#child = Bun.spawn(
      [
        process.execPath,
        PROGRAM,
        this.directory,
        ...[this.#limits, this.#services].map((value) => JSON.stringify(value)),
      ],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    await untilLine(this.#child, "ready");
  }

  /** Returns what the bus said about itself on stderr. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<string> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return "";
    child.kill("SIGCONT");
    child.kill(signal);
    await child.exited;
    return new Response(child.stderr).text();
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  connect(service: string, options: Partial<ConnectOptions> = {}): Bus {
    const bus = connectBus({ endpoint: this.endpoint, liveEndpoint: this.liveEndpoint, service, ...options });
    this.#buses.add(bus);
    return bus;
  }

  /** Ends everything and removes the directory. */
  async close(): Promise<void> {
    await Promise.all([...this.#buses].map((bus) => bus.close()));
    await this.end("SIGTERM");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
