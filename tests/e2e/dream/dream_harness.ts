/**
 * The second flow on a home of its own: the bus, the monitor, the policy engine, the D-REAM consumer and the winner deployer as
 * real processes, with an experiment of a known answer.
 *
 * `settle()` waits until no promotion waits and nothing is under way; `stop()` ends all in order, after which the journal is
 * closed and `checkDream` can read everything that is left behind.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bus, connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import type { Installation } from "@kloros/daemon";
import { makeTestHome } from "@kloros/daemon/testing";
import type { DeadLetter } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { DaemonProcess } from "../flow/daemon_process.ts";
import { DREAM_CONFIG, type DreamSettings, homeConfig, policies } from "./dream_config.ts";
import { ENVIRONMENT_BEFORE, type Experiment, writeExperiment } from "./experiment.ts";
import { cycleProcesses } from "./strays.ts";

const BUS = "chemical-bus";
const CLIENTS = ["orchestrator-monitor", "policy-engine", "dream-consumer", "winner-deployer"] as const;
export const SERVICES = [BUS, ...CLIENTS] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface DreamOptions {
  readonly experiment?: Experiment;
  readonly settings?: DreamSettings;
}

/** Ends the name of an acknowledgement's record. */
export const ACK = "_ack.json";
const SETTLE_LIMIT_MS = 45_000;
/** Nothing new for so long is rest, ms. */
const QUIET_MS = 400;
/** No process of a cycle may live for longer once its service was started again. */
export const STRAY_LIMIT_MS = 5000;

export class DreamHarness {
  readonly paths: Installation;
  /** File stems of promotions that were dropped. */
  readonly promotions = new Set<string>();
  readonly #home;
  readonly #daemons: ReadonlyMap<ServiceName, DaemonProcess>;
  #operator: Bus | undefined;

  constructor({ experiment = {}, settings = {} }: DreamOptions = {}) {
    this.#home = makeTestHome();
    this.paths = this.#home.paths;
    mkdirSync(this.paths.promotions, { recursive: true });
    writeExperiment(this.paths, experiment);
    writeFileSync(this.paths.configFile, homeConfig({ ...DREAM_CONFIG, ...settings }));
    writeFileSync(this.paths.policies, policies({ ...DREAM_CONFIG, ...settings }));
    writeFileSync(this.paths.environmentFile, ENVIRONMENT_BEFORE);
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
    await Promise.all(
      services.map(async (name) => {
        const daemon = this.daemon(name);
        await daemon.ready().catch(async (error: unknown) => {
          const { reasons } = (await daemon.readiness()) ?? {};
          throw new Error(`${String(error)}: ${JSON.stringify(reasons)}`, { cause: error });
        });
      }),
    );
  }

  /** As an installation writes it: beside, then renamed into place. The same stem again replaces the file. */
  drop(stem: string, content: Readonly<Record<string, unknown>> = {}): void {
    const path = join(this.paths.promotions, `${stem}.json`);
    const text = JSON.stringify({
      schema: "v1",
      id: stem,
      timestamp: 1_763_116_200,
      fitness: 0.5,
      ...content,
    });
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
    this.promotions.add(stem);
  }

  waiting(): readonly string[] {
    return jsonFiles(this.paths.promotions);
  }
  acknowledged(): readonly string[] {
    return this.#acknowledgedFiles().filter((name) => !name.endsWith(ACK));
  }
  /** Names of the records beside them. */
  acknowledgements(): readonly string[] {
    return this.#acknowledgedFiles().filter((name) => name.endsWith(ACK));
  }
  parked(): readonly string[] {
    return jsonFiles(join(this.paths.promotions, "parked")).filter((name) => !name.endsWith(".why.json"));
  }
  environment(): string {
    return readFileSync(this.paths.environmentFile, "utf8");
  }

  /** Everything that was said so far under these names, in order. */
  async said(...names: readonly string[]): Promise<readonly Envelope[]> {
    const found: Envelope[] = [];
    for (let afterSeq: number | null = 0; afterSeq !== null;) {
      const page: Awaited<ReturnType<Bus["read"]>> = await this.operator.read({
        signals: names,
        afterSeq,
        limit: 1000,
      });
      found.push(...page.items.map(({ envelope }) => envelope));
      afterSeq = page.next;
    }
    return found;
  }

  /** Waits until one more signal of this name was said than `after`, and returns all of them. */
  async heard(name: string, count = 1, limitMs = SETTLE_LIMIT_MS): Promise<readonly Envelope[]> {
    let found: readonly Envelope[] = [];
    await this.until(
      `${String(count)} ${name}`,
      async () => {
        found = await this.said(name);
        return found.length >= count;
      },
      limitMs,
    );
    return found;
  }

  async until(
    what: string,
    done: () => boolean | Promise<boolean>,
    limitMs = SETTLE_LIMIT_MS,
  ): Promise<void> {
    try {
      await until(what, async () => (await unlessAway(async () => done())) ?? false, { limitMs });
    } catch (error) {
      throw new Error(`${String(error)}\n${this.report()}`, { cause: error });
    }
  }

  /**
   * Waits until no promotion waits (unless `waitingMayStay`), nothing is open and nothing new is said. `retryPoison`: what was
   * given up after three kills is brought back by the operator, as designed; returned.
   */
  async settle(
    options: {
      readonly limitMs?: number;
      readonly retryPoison?: boolean;
      readonly waitingMayStay?: boolean;
    } = {},
  ): Promise<readonly DeadLetter[]> {
    const poison: DeadLetter[] = [];
    let flaws: readonly string[] = ["the bus did not answer"];
    let quietSince = 0;
    let seen = "";
    const rests = async (): Promise<boolean> => {
      if (!this.daemon(BUS).running) throw new Error("the bus is gone");
      const now = await unlessAway(async () => {
        if (options.retryPoison === true) poison.push(...(await this.#retryPoison()));
        return this.#resting(options.waitingMayStay === true);
      });
      if (now === undefined) return false;
      flaws = now.flaws;
      if (flaws.length > 0 || now.progress !== seen) quietSince = performance.now();
      seen = now.progress;
      return performance.now() - quietSince >= QUIET_MS;
    };
    try {
      await until("D-REAM to come to rest", rests, { limitMs: options.limitMs ?? SETTLE_LIMIT_MS });
    } catch (error) {
      throw new Error(`${String(error)}: ${flaws.slice(0, 10).join("; ")}\n${this.report()}`, {
        cause: error,
      });
    }
    return poison;
  }

  #acknowledgedFiles(): readonly string[] {
    return jsonFiles(join(this.paths.promotions, "acknowledged"));
  }

  async #resting(
    waitingMayStay: boolean,
  ): Promise<{ readonly flaws: readonly string[]; readonly progress: string }> {
    const consumers = await this.operator.admin("consumers", {});
    const flaws = [
      ...CLIENTS.filter((name) => !consumers.some((one) => one.name === name)).map(
        (name) => `${name} has not come yet`,
      ),
      ...consumers.filter((one) => one.open > 0).map((one) => `${one.name} has ${String(one.open)} open`),
      ...(waitingMayStay ? [] : this.waiting().map((name) => `${name} waits`)),
    ];
    const cycles = await this.said("Q_DREAM_TRIGGER", "Q_DREAM_COMPLETE", "Q_DEPLOYMENT_COMPLETE");
    return { flaws, progress: String(cycles.length) };
  }

  /** A delivery that was alone in flight at three kills of its consumer is given up. Throws when there were fewer. */
  async #retryPoison(): Promise<readonly DeadLetter[]> {
    const letters = await this.operator.admin("deadLetters", { limit: 500 });
    const poison = letters.filter((letter) => letter.state === "dead" && letter.reason === "poison");
    for (const { n, consumer, error } of poison) {
      const kills = this.daemon(consumer as ServiceName).kills;
      if (kills < 3) throw new Error(`${consumer} was killed ${String(kills)} times, but: ${error}`);
      await this.operator.admin("retryDeadLetter", { n });
    }
    return poison;
  }

  /** Processes of cycles that run on this home. */
  cycleProcesses(): readonly number[] {
    return cycleProcesses(this.paths.home);
  }

  /** Ends all in order; the journal is closed afterwards. */
  async stop(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
    await Promise.all(CLIENTS.map((name) => this.daemon(name).end()));
    await this.daemon(BUS).end();
  }

  /** Kills what still runs and removes the home. */
  async remove(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.end("SIGKILL")));
    for (const pid of this.cycleProcesses()) process.kill(pid, "SIGKILL");
    this.#home.remove();
  }

  report(): string {
    return [...this.#daemons.values()]
      .map((daemon) => `--- ${daemon.service} ${daemon.running ? "runs" : "is gone"}\n${daemon.lastWords(4)}`)
      .join("\n");
  }
}

/** Undefined while the bus, just killed, is on its way back. */
async function unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && error.name === "RetryableError") return undefined;
    throw error;
  }
}

function jsonFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".json"))
      .toSorted();
  } catch {
    return [];
  }
}
