/**
 * The second flow on a home of its own: the bus, the monitor, the policy engine, the D-REAM consumer and the winner deployer as
 * real processes, with an experiment of a known answer.
 *
 * Once it is stopped, `checkDream` can read everything that is left behind.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bus } from "@kloros/bus-client";
import type { DeadLetter } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { House, type Resting, type SettleOptions } from "../house/house.ts";
import { killNow, processesOf } from "../house/processes.ts";
import { DREAM_CONFIG, type DreamSettings, homeConfig } from "./dream_config.ts";
import { dreamRules } from "./dream_rules.ts";
import { ENVIRONMENT_BEFORE, type Experiment, writeExperiment } from "./experiment.ts";

const CLIENTS = ["orchestrator-monitor", "policy-engine", "dream-consumer", "winner-deployer"] as const;
export const SERVICES = ["chemical-bus", ...CLIENTS] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface DreamOptions<More extends string = never> {
  readonly experiment?: Experiment;
  readonly settings?: DreamSettings;
  /** Beside D-REAM's own. */
  readonly services?: readonly More[];
  readonly compiled?: string;
  /** Where the source tree is; default: in the home. */
  readonly source?: string | undefined;
}

/** Ends the name of an acknowledgement's record. */
export const ACK = "_ack.json";
/** No process of a cycle may live for longer once its service was started again. */
export const STRAY_LIMIT_MS = 30_000;

/** `More`: names of further services on the same home. */
export class DreamHarness<More extends string = never> extends House<ServiceName | More> {
  /** File stems of promotions that were dropped. */
  readonly promotions = new Set<string>();

  constructor({ experiment = {}, settings = {}, services = [], compiled, source }: DreamOptions<More> = {}) {
    super({
      what: "D-REAM",
      services: [...SERVICES, ...services],
      settleMs: 90_000,
      quietMs: 400,
      compiled,
      source,
    });
    mkdirSync(this.paths.promotions, { recursive: true });
    writeExperiment(this.paths, experiment);
    writeFileSync(this.paths.configFile, homeConfig({ ...DREAM_CONFIG, ...settings }));
    writeFileSync(this.paths.policies, dreamRules(settings.cooldown ?? DREAM_CONFIG.cooldown));
    writeFileSync(this.paths.environmentFile, ENVIRONMENT_BEFORE);
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
  async heard(name: string, count = 1, limitMs?: number): Promise<readonly Envelope[]> {
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

  /** Waits until no promotion waits (unless `waitingMayStay`), nothing is open and nothing new is said. */
  async settle(
    options: SettleOptions & { readonly waitingMayStay?: boolean } = {},
  ): Promise<readonly DeadLetter[]> {
    return this.rest(async () => this.resting(options.waitingMayStay === true), options);
  }

  #acknowledgedFiles(): readonly string[] {
    return jsonFiles(join(this.paths.promotions, "acknowledged"));
  }

  protected async resting(waitingMayStay = false): Promise<Resting> {
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

  /** Processes of cycles that run on this home: all of them carry the run tag in their environment. */
  cycleProcesses(): readonly number[] {
    return processesOf(this.paths.home, "KLOROS_RUN_TAG");
  }

  /** Also what cycles left running. */
  override async end(): Promise<void> {
    await super.end();
    for (const pid of this.cycleProcesses()) killNow(pid);
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
