/** One life of the house: all services with their own decisions, on a machine with faults, until everything has come to rest. */
import { type RunOptions, type RunResult, WatchedBus } from "../checks/watched_bus.ts";
import { planFaults } from "../faults/apply_faults.ts";
import { publishing } from "../load/publishing.ts";
import type { Program } from "../machine/process.ts";
import type { HouseContext } from "./consuming.ts";
import { curiosity } from "./curiosity.ts";
import { dedup } from "./dedup.ts";
import { deployer } from "./deployer.ts";
import { type CyclesSeen, dreamer } from "./dreamer.ts";
import { falseAlarms, givenUp, houseFlaws, worthyModules } from "./house_check.ts";
import {
  type HouseScenario,
  INTENTS,
  makeHouse,
  OPERATOR,
  PROMOTIONS,
  type SERVICES,
} from "./house_scenario.ts";
import { integrator } from "./integrator.ts";
import { investigator } from "./investigator.ts";
import { monitor } from "./monitor.ts";
import { policy } from "./policy.ts";
import { REGISTRY } from "./registry.ts";
import { router } from "./router.ts";

/** A failed cycle is tried again after a quarter of an hour, one whose end was given up after an hour; three times at most. */
const SETTLE_MS = 8 * 3_600_000;
const HALF_WRITTEN_MS = 500;

export function liveOnce(options: RunOptions): RunResult {
  const scenario = makeHouse(options.seed);
  return live({ ...options, faults: options.faults ?? scenario.faults }, scenario);
}

/** `scenario.faults` do not count, those of the options do. */
export function live(options: RunOptions, scenario: HouseScenario): RunResult {
  return new House(options, scenario).go();
}

class House {
  readonly #options: RunOptions;
  readonly #scenario: HouseScenario;
  readonly #watched: WatchedBus;
  #asking = false;

  constructor(options: RunOptions, scenario: HouseScenario) {
    this.#options = options;
    this.#scenario = scenario;
    this.#watched = new WatchedBus(options, scenario);
  }

  go(): RunResult {
    const { seed, faults = [] } = this.#options;
    return this.#watched.run(seed, faults, () => {
      this.#play();
    });
  }

  #play(): void {
    const { machine, bus, flaws } = this.#watched;
    const { arrivals } = this.#scenario;
    const { faults = [] } = this.#options;
    for (const [name, program] of Object.entries(this.#programs())) machine.start(name, program);
    this.#plan();
    this.#startOperator();
    planFaults(bus, faults);
    const last = Math.max(faults.at(-1)?.atMs ?? 0, (arrivals.at(-1)?.atMs ?? 0) + HALF_WRITTEN_MS);
    machine.runFor(last + 1);
    this.#watched.heal();
    const rested = machine.runUntil(() => flaws.length > 0 || this.#restsAt() === undefined, SETTLE_MS, 5000);
    if (!rested && flaws.length === 0)
      this.#watched.fail(`it does not come to rest: ${this.#restsAt() ?? ""}`);
    if (flaws.length > 0) return;
    this.#watched.failAll(houseFlaws(this.#watched, this.#scenario));
    if (faults.length === 0) this.#watched.failAll(falseAlarms(this.#watched));
    this.#tally();
  }

  #programs(): Readonly<Record<(typeof SERVICES)[number], Program>> {
    const { machine, promises, count, fail } = this.#watched;
    const { odds } = this.#scenario;
    const context: HouseContext = { odds, promises, count, fail };
    return {
      "intent-router": router(context),
      "curiosity-core": curiosity(),
      "investigation-consumer": investigator(context),
      "semantic-dedup": dedup(context),
      "capability-integrator": integrator(context),
      "orchestrator-monitor": monitor(context),
      "policy-engine": policy(context, () => machine.boot()),
      "dream-consumer": dreamer(context, this.#oneCycle()),
      "winner-deployer": deployer(context),
    };
  }

  #startOperator(): void {
    const { machine, promises, count, fail } = this.#watched;
    const { triggers: batches } = this.#scenario;
    this.#asking = batches.length > 0;
    const onDone = (): void => {
      this.#asking = false;
    };
    if (this.#asking)
      machine.start(OPERATOR, publishing({ source: OPERATOR, batches, promises, count, fail, onDone }));
  }

  /** A second cycle beside one whose process lives is a flaw. */
  #oneCycle(): CyclesSeen {
    let running: { readonly instance: string; readonly runTag: string } | undefined;
    return {
      begins: (instance, runTag) => {
        if (running?.instance === instance)
          this.#watched.fail(`${runTag} begins while ${running.runTag} is running`);
        const mine = { instance, runTag };
        running = mine;
        this.#watched.count("dream.cycles");
        return () => {
          if (running === mine) running = undefined;
        };
      },
    };
  }

  #plan(): void {
    const { machine } = this.#watched;
    const { files } = machine.disk;
    for (const { atMs, path, text, half } of this.#scenario.arrivals) {
      machine.after(atMs * 1000, undefined, () => {
        machine.trace("world", `${path} appears`);
        files.set(path, half ?? text);
      });
      if (half === undefined) continue;
      machine.after((atMs + HALF_WRITTEN_MS) * 1000, undefined, () => {
        files.set(path, text);
      });
    }
  }

  /** What is still to be done; undefined: nothing. */
  #restsAt(): string | undefined {
    const { machine, bus } = this.#watched;
    const { disk } = machine;
    if (bus.broker === undefined) return "the bus is down";
    if (this.#asking) return "the operator asks";
    for (const directory of [INTENTS, PROMOTIONS]) {
      const left = disk.list(directory);
      if (left.length > 0) return `${left.join(", ")} in ${directory}`;
    }
    const open = bus.journal.handle
      .query<{ n: number }, []>(
        "SELECT (SELECT count(*) FROM delivery WHERE state <= 1) + (SELECT count(*) FROM deadline l WHERE l.state <= 1 " +
          "AND NOT EXISTS (SELECT 1 FROM deadletter d WHERE d.seq = l.request_seq)) AS n",
      )
      .get();
    if ((open?.n ?? 0) > 0) return `${String(open?.n)} open deliveries and deadlines`;
    if (givenUp(bus).length > 0) return undefined;
    const registry = JSON.parse(disk.files.get(REGISTRY) ?? "{}") as Record<string, unknown>;
    return worthyModules(this.#scenario.arrivals).find((name) => registry[name] === undefined);
  }

  #tally(): void {
    const rows = this.#watched.bus.journal.handle
      .query<{ name: string; n: number }, []>("SELECT name, count(*) AS n FROM signal GROUP BY name")
      .all();
    for (const { name, n } of rows) this.#watched.machine.count(`said.${name}`, n);
  }
}
