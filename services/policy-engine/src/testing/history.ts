/**
 * A real bus and a real engine on it, whose life a test plays: what the monitor advises and how cycles end, an engine that
 * dies between its decision and the commit, time that passes. Time stands still between two steps.
 */
import { rmSync, writeFileSync } from "node:fs";
import type { Bus, Handler } from "@kloros/bus-client";
import { makeTestHome, openTestBus, startForTest, until } from "@kloros/daemon/testing";
import type { Envelope } from "@kloros/signal-schema";
import { openDecisions } from "../decisions/open_decisions.ts";
import type { Decisions } from "../decisions/decision_reader.ts";
import { service } from "../service.ts";
import { MINUTE } from "./rule_bench.ts";

export class EngineHistory {
  readonly home = makeTestHome();
  readonly #bus = openTestBus();
  readonly #asking: Bus = this.#bus.connect("cli");
  readonly #voices = new Map<string, Bus>();
  #running: Awaited<ReturnType<typeof startForTest<typeof service.manifest.config>>> | undefined;
  /** Its next decision is its last act, and never committed. */
  #dying = false;
  #died: Promise<void> = Promise.resolve();
  #tellDeath: () => void = () => undefined;
  /** What really passed, ms; and by how much the wall clock is wrong. */
  passedMs = 0;
  wrongMs = 0;
  readonly #beganMs = Date.now();

  get wallMs(): number {
    return this.#beganMs + this.passedMs + this.wrongMs;
  }

  async start(): Promise<void> {
    this.#running = await startForTest(service, {
      testBus: this.#bus,
      testHome: this.home,
      bus: this.#mortal(this.#bus.connect("policy-engine")),
      clock: { wallMs: () => this.wallMs, monotonicMs: () => this.passedMs },
    });
    await this.settled();
  }

  async stop(): Promise<void> {
    await this.#running?.stop(0);
    this.#running = undefined;
  }

  /** Dies of what it is told now, if it decides anything about it. */
  async dieOf(task: () => Promise<void>): Promise<void> {
    this.#died = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    this.#dying = true;
    await task();
    await Promise.race([this.#died, this.settled()]);
    await this.stop();
    this.#dying = false;
  }

  /** As a process that ends there: the handler's work is done, its outcome reaches nobody. */
  #mortal(bus: Bus): Bus {
    const mortal =
      (handler: Handler): Handler =>
      async (delivery) => {
        const result = await handler(delivery);
        if (!this.#dying) return result;
        this.#tellDeath();
        return new Promise(() => undefined);
      };
    return new Proxy(bus, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === "consume") {
          return (options: Parameters<Bus["consume"]>[0], handler: Handler) =>
            target.consume(options, mortal(handler));
        }
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  }

  async say(signal: Envelope): Promise<void> {
    const voice = this.#voices.get(signal.source) ?? this.#bus.connect(signal.source);
    this.#voices.set(signal.source, voice);
    const [result] = await voice.publish([signal]);
    if (result?.status !== "stored") throw new Error(JSON.stringify(result));
  }

  /** All that was said has been dealt with, unless there is no engine. */
  async settled(): Promise<void> {
    if (this.#running === undefined) return;
    await until("the engine to be idle", async () => {
      const consumers = await this.#asking.admin("consumers", {});
      return this.#dying || consumers.every(({ open }) => open === 0);
    });
  }

  pass(minutes = 1): void {
    this.passedMs += minutes * MINUTE;
  }

  rules(text: string | undefined): void {
    const { policies } = this.home.paths;
    if (text === undefined) rmSync(policies, { force: true });
    else writeFileSync(policies, text);
  }

  async stored(...signals: string[]): Promise<readonly Envelope[]> {
    const page = await this.#asking.read({ signals, limit: 1000, order: "oldest" });
    return page.items.map(({ envelope }) => envelope);
  }

  look<T>(task: (decisions: Decisions) => T): T {
    const decisions = openDecisions(this.home.paths);
    try {
      return task(decisions);
    } finally {
      decisions.close();
    }
  }

  async end(): Promise<void> {
    await this.stop();
    await this.#bus.close();
    this.home.remove();
  }
}
