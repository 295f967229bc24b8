/** A consumer process and what it told so far. */
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import type { ConsumerProgramOptions } from "./consumer_process.ts";

const PROGRAM = join(import.meta.dir, "consumer_process.ts");

export interface Told {
  readonly event: "ready" | "given" | "settled" | "state" | "refused";
  readonly question?: string;
  readonly outcome?: string;
  readonly attempt?: number;
  readonly state?: string;
  readonly why?: string;
  readonly code?: string;
  readonly holderPid?: number;
}

export class ConsumerHarness {
  readonly told: Told[] = [];
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #reading: Promise<void>;

  constructor(endpoint: string, options: ConsumerProgramOptions = {}) {
    this.#child = Bun.spawn([process.execPath, PROGRAM, endpoint, JSON.stringify(options)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  send(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    this.#child.kill(signal);
  }

  async end(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    this.#child.kill("SIGCONT");
    this.#child.kill(signal);
    await this.#child.exited;
    await this.#reading;
  }

  async tells(what: Partial<Told>, count = 1): Promise<void> {
    const label = `the consumer to tell ${JSON.stringify(what)} ${String(count)} times`;
    await until(label, () => this.count(what) >= count);
  }

  count(what: Partial<Told>): number {
    const wanted = Object.entries(what);
    return this.told.filter((told) => wanted.every(([key, value]) => told[key as keyof Told] === value))
      .length;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      this.told.push(...lines.map((line) => JSON.parse(line) as Told));
    }
  }
}
