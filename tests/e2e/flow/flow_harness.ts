/**
 * The whole flow on a home of its own: the bus and every service as real processes over a generated source tree.
 *
 * `settle()` waits until nothing is under way; `finish()` also ends all processes in order, after which the journal is
 * closed and `checkFlow` can read everything that is left behind.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bus, connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import { makeTestHome } from "@kloros/daemon/testing";
import type { Installation } from "@kloros/daemon";
import type { DeadLetter } from "@kloros/journal";
import { DaemonProcess } from "./daemon_process.ts";
import { type FlowTree, growTree } from "./flow_tree.ts";
import { restingFlaws } from "./resting.ts";

const BUS = "chemical-bus";
/** From what works to what feeds: all of them consume or publish. */
const CLIENTS = [
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
  "intent-router",
  "curiosity-core",
] as const;
export const SERVICES = [BUS, ...CLIENTS] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Quick to notice what a test does; no port that somebody else may have. */
export const FLOW_CONFIG = `
[chemical-bus]
liveEndpoints = []
[curiosity-core]
intervalMs = 1000
settleMs = 50
[intent-router]
scanIntervalMs = 250
quietMs = 300
rejectedIntervalMs = 250
[orchestrator-monitor]
newModulesIntervalMs = 1000
`;

export interface FlowOptions {
  readonly modules: number;
  readonly seed: number;
  /** Whether a quarter more come without an `__init__.py`. Default true. */
  readonly bare?: boolean;
  /** Replaces the defaults above. */
  readonly config?: string;
  /** Where the tree is; default: in the home. */
  readonly source?: string;
}

const SETTLE_LIMIT_MS = 60_000;
/** Nothing new for so long is rest, ms. */
const QUIET_MS = 300;

export class FlowHarness {
  readonly paths: Installation;
  readonly tree: FlowTree;
  /** Question ids of intents that were written; each must be asked once. */
  readonly intents = new Set<string>();
  /** Broken intent files that must end among the rejected. */
  readonly rejectedFiles = new Set<string>();
  readonly #home;
  readonly #daemons: ReadonlyMap<ServiceName, DaemonProcess>;
  #operator: Bus | undefined;

  constructor(options: FlowOptions) {
    this.#home = makeTestHome(options.source === undefined ? {} : { source: options.source });
    this.paths = this.#home.paths;
    this.tree = growTree(this.paths.source, options);
    writeFileSync(join(this.paths.home, "kloros.toml"), options.config ?? FLOW_CONFIG);
    this.#daemons = new Map(
      SERVICES.map((service) => [service, new DaemonProcess({ service, paths: this.paths })]),
    );
  }

  daemon(name: ServiceName): DaemonProcess {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) throw new Error(`no service ${name}`);
    return daemon;
  }

  /** Speaks as the operator. */
  get operator(): Bus {
    this.#operator ??= connectBus({
      endpoint: this.paths.busEndpoint,
      service: "operator",
      timing: { silenceMs: 2000, backoffMaxMs: 200, requestMs: 10_000 },
    });
    return this.#operator;
  }

  /** Starts what does not run. */
  start(services: readonly ServiceName[] = SERVICES): void {
    for (const name of services) if (!this.daemon(name).running) this.daemon(name).start();
  }

  async ready(services: readonly ServiceName[] = SERVICES): Promise<void> {
    await Promise.all(services.map((name) => this.daemon(name).ready()));
  }

  /**
   * Waits until every expected module is integrated and announced, and nothing is open. `retryPoison`: what was given up after
   * three kills is brought back by the operator, as designed; returned.
   */
  async settle(
    options: { readonly limitMs?: number; readonly retryPoison?: boolean } = {},
  ): Promise<readonly DeadLetter[]> {
    const poison: DeadLetter[] = [];
    let flaws: readonly string[] = ["the bus did not answer"];
    let quietSince = 0;
    let seen = "";
    const rests = async (): Promise<boolean> => {
      if (!this.daemon(BUS).running) throw new Error("the bus is gone");
      if (options.retryPoison === true) poison.push(...(await this.#retryPoison()));
      const now = await restingFlaws(this);
      flaws = now.flaws;
      if (flaws.length > 0 || now.progress !== seen) quietSince = performance.now();
      seen = now.progress;
      return performance.now() - quietSince >= QUIET_MS;
    };
    try {
      await until("the flow to come to rest", rests, { limitMs: options.limitMs ?? SETTLE_LIMIT_MS });
    } catch (error) {
      throw new Error(`${String(error)}: ${flaws.slice(0, 10).join("; ")}\n${this.#report()}`, {
        cause: error,
      });
    }
    return poison;
  }

  /** A delivery that was alone in flight at three kills of its consumer is given up. Throws when there were fewer. */
  async #retryPoison(): Promise<readonly DeadLetter[]> {
    const letters = await this.operator.admin("deadLetters", { limit: 500 });
    const poison = letters.filter((letter) => letter.state === "dead" && letter.reason === "poison");
    for (const { n, consumer, error } of poison) {
      const kills = this.#kills(consumer);
      if (kills < 3) throw new Error(`${consumer} was killed ${String(kills)} times, but: ${error}`);
      await this.operator.admin("retryDeadLetter", { n });
    }
    return poison;
  }

  #kills(consumer: string): number {
    return this.#daemons.get(consumer as ServiceName)?.kills ?? 0;
  }

  /** Ends all in order; the journal is closed afterwards. */
  async stop(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
    await Promise.all(CLIENTS.map((name) => this.daemon(name).end()));
    await this.daemon(BUS).end();
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.end("SIGKILL")));
  }

  /** Kills what still runs and removes the home. */
  async remove(): Promise<void> {
    await this.end();
    this.#home.remove();
  }

  #report(): string {
    return [...this.#daemons.values()]
      .map((daemon) => `--- ${daemon.service} ${daemon.running ? "runs" : "is gone"}\n${daemon.lastWords(4)}`)
      .join("\n");
  }
}
