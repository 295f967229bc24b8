/** For tests: a bus as a process of its own on a home of its own, and `kloros` as its operator runs it. */
import { mkdtempSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus } from "@kloros/bus-client";
import { createHome, healthSocketPath, type Installation, locateInstallation } from "@kloros/daemon";
import type { Envelope } from "@kloros/signal-schema";

const ROOT = join(import.meta.dir, "../../..");
const MAIN = join(ROOT, "cli/src/main.ts");
const START_MS_MAX = 45_000;
const RUN_MS_MAX = 50_000;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class TestInstallation {
  readonly home: string;
  readonly paths: Installation;
  readonly #buses: Bus[] = [];
  #process: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;

  constructor() {
    this.home = mkdtempSync(join(tmpdir(), "kc-"));
    chmodSync(this.home, 0o700);
    createHome(this.home, { version: "0.0.0-test", nowMs: Date.now() });
    this.paths = locateInstallation({ home: this.home, env: {}, cwd: this.home }).paths;
  }

  /** Resolves when the bus is ready. */
  async startBus(): Promise<void> {
    const main = join(ROOT, "services/chemical-bus/src/main.ts");
    const flags = ["--home", this.home, "--set", "liveEndpoints=[]", "--set", "kloros.logLevel=warn"];
    this.#process = Bun.spawn([process.execPath, main, ...flags], {
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const deadline = performance.now() + START_MS_MAX;
    while (!(await this.#isReady())) {
      if (this.#process.exitCode !== null || performance.now() > deadline) {
        this.#process.kill("SIGKILL");
        throw new Error(`the bus was not ready in time: ${await this.#process.stdout.text()}`);
      }
      await Bun.sleep(10);
    }
  }

  async stopBus(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.exited;
    this.#process = undefined;
  }

  connect(service: string): Bus {
    const { busEndpoint: endpoint, liveEndpoint } = this.paths;
    const bus = connectBus({ endpoint, liveEndpoint, service });
    this.#buses.push(bus);
    return bus;
  }

  /** Publishes in the name of whoever the signals say they are from; all must be stored. */
  async publish(...envelopes: readonly Envelope[]): Promise<void> {
    const bus = this.connect(envelopes[0]?.source ?? "operator");
    const results = await bus.publish(envelopes);
    const refused = results.find(({ status }) => status !== "stored");
    if (refused !== undefined) throw new Error(JSON.stringify(refused));
  }

  async remove(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.close()));
    await this.stopBus();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** `kloros` with its output in pipes. The caller ends it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: this.home,
      env: { PATH: process.env["PATH"] ?? "", KLOROS_HOME: this.home, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: RUN_MS_MAX,
      killSignal: "SIGKILL",
    });
  }

  async kloros(...args: readonly string[]): Promise<Ran> {
    return this.klorosWith("", ...args);
  }

  async klorosWith(input: string, ...args: readonly string[]): Promise<Ran> {
    const child = this.start(args);
    await child.stdin.write(input);
    await child.stdin.end();
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, out, err };
  }

  async json(...args: readonly string[]): Promise<unknown> {
    const { out, err } = await this.kloros(...args, "--json");
    try {
      return JSON.parse(out) as unknown;
    } catch (error) {
      throw new Error(`${args.join(" ")} printed no JSON: ${out}${err}`, { cause: error });
    }
  }

  async #isReady(): Promise<boolean> {
    const unix = healthSocketPath(this.paths, "chemical-bus");
    const answer = await fetch("http://bus/readyz", { unix, signal: AbortSignal.timeout(500) }).catch(
      () => undefined,
    );
    return answer?.ok === true;
  }
}

/** Lines of a stream as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop() ?? "";
    yield* lines;
  }
  if (held !== "") yield held;
}
