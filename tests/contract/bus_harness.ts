/** Starts, kills, stops and continues a bus process over a journal in a directory of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus, type ConnectOptions } from "@kloros/bus-client";

/** Started by its path: the bus is a process like any other here. */
const PROGRAM = join(import.meta.dir, "../../services/chemical-bus/src/testing/bus_process.ts");

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** Whether a process says this line before its stdout ends. */
async function says(stdout: ReadableStream<Uint8Array>, line: string): Promise<boolean> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    text += decoder.decode(value, { stream: true });
    if (text.split("\n").includes(line)) break;
  }
  reader.releaseLock();
  return true;
}

export class BusHarness {
  readonly directory = mkdtempSync(join(tmpdir(), "bus-"));
  readonly #limits: object;
  readonly #services: readonly string[] | "*";
  readonly #buses = new Set<Bus>();
  #child: Child | undefined;
  #said: Promise<string> = Promise.resolve("");

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
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    // Read all the time: a full pipe would stop the bus.
    this.#said = new Response(this.#child.stderr).text();
    if (!(await says(this.#child.stdout, "ready")))
      throw new Error(`the bus did not start: ${await this.#said}`);
  }

  /** Returns what the bus said about itself on stderr. */
  async end(how: "kill -9" | "in order"): Promise<string> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return "";
    child.kill("SIGCONT");
    if (how === "kill -9") child.kill("SIGKILL");
    else await child.stdin.end();
    await child.exited;
    return this.#said;
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
    await this.end("in order");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
