/** The whole system as separate processes, and somebody who watches its live feed. */
import { connectBus, type Bus } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import { makePlace, type Place, startBus, startService } from "./bus_daemon.ts";
import type { Child } from "./child.ts";
import type { Scratch } from "./scratch.ts";
import { sharedNowMs } from "./statistics.ts";

/** What works, without what brings signals in from outside. */
export const WORKERS = [
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
] as const;
/** From a promotion to a deployed winner, beside the monitor. */
export const DREAM = ["policy-engine", "dream-consumer", "winner-deployer"] as const;
export const SOURCES = ["intent-router", "curiosity-core"] as const;

export interface Seen {
  readonly signal: Envelope;
  readonly at: number;
}

export class System {
  readonly place: Place;
  readonly children: Child[] = [];
  readonly seen: Seen[] = [];
  readonly #scratch: Scratch;
  #bus: Bus | undefined;

  constructor(scratch: Scratch, source?: string) {
    this.#scratch = scratch;
    this.place = makePlace(scratch, source);
  }

  /** The bus, a watcher of its live feed, then the services. `as`: in whose name the watcher publishes. */
  async start(services: readonly string[], as = "operator"): Promise<Bus> {
    this.children.push(await startBus(this.#scratch, this.place));
    const { busEndpoint: endpoint, liveEndpoint } = this.place.paths;
    this.#bus = connectBus({ endpoint, liveEndpoint, service: as });
    await this.#bus.tap({}, (signal) => {
      this.seen.push({ signal, at: sharedNowMs() });
    });
    await this.add(services);
    return this.#bus;
  }

  async add(services: readonly string[]): Promise<void> {
    this.children.push(
      ...(await Promise.all(services.map((name) => startService(this.#scratch, this.place, name)))),
    );
  }

  named(name: string): Seen[] {
    return this.seen.filter(({ signal }) => signal.signal === name);
  }

  /** Waits until `done()`; throws with `what` when that takes longer. */
  async until(what: string, limitMs: number, done: () => boolean): Promise<void> {
    const until = performance.now() + limitMs;
    while (!done()) {
      if (performance.now() > until) throw new Error(`${what}: not within ${String(limitMs)} ms`);
      await Bun.sleep(5);
    }
  }

  async stop(): Promise<void> {
    await this.#bus?.close();
    await this.#scratch.end(this.children);
  }
}
