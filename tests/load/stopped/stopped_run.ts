/**
 * A load while one consumer stands still (SIGSTOP) and another one does not run, beside the same load while both run.
 *
 * None of them is the one that answers questions: deadlines are not what this is about.
 */
import { verifyJournal } from "@kloros/journal";
import { makePlace, type Place, startService } from "../../bench/house/bus_daemon.ts";
import type { Child } from "../../bench/house/child.ts";
import { memoryOf } from "../../bench/house/proc_stat.ts";
import type { Scratch } from "../../bench/house/scratch.ts";
import type { DeliveryFigures } from "./deliveries.ts";

export interface StoppedPlan {
  readonly signals: number;
  readonly signalsPerS: number;
}

export const CONSUMERS = ["policy-engine", "semantic-dedup", "capability-integrator"] as const;
type Name = (typeof CONSUMERS)[number];
/** Runs all the time; stands still; does not run. */
const [AWAKE, STOPPED, ABSENT] = CONSUMERS;

const WARM_UP = 5000;
const READY_MS = 30_000;
/** For what takes longer on a busy machine, beside the time that the load takes even on one. */
const GRACE_MS = 120_000;
/** Signals a second that the bus takes in, and that a consumer settles, when others want the machine too. */
const BUSY_PER_S = 500;
const WARNINGS_MAX = 100;

export interface RunFigures {
  /** Largest resident memory of the bus after the warm-up, the load, and the end, MB. */
  readonly busPeakMb: { readonly warm: number; readonly loaded: number; readonly end: number };
  /** Of the consumer that ran all the time, during the load. */
  readonly awake: DeliveryFigures;
  /** All over the run. */
  readonly consumers: Readonly<Record<Name, DeliveryFigures>>;
  readonly publishS: number;
  /** From their return to the last settlement; 0 where nobody was away. */
  readonly catchUpS: Readonly<Record<string, number>>;
  readonly auditOk: boolean;
  /** What the audit says is wrong. */
  readonly audit: readonly string[];
  /** What the bus logged: sessions that were lost. */
  readonly warnings: readonly string[];
}

export async function runStopped(scratch: Scratch, plan: StoppedPlan, away: boolean): Promise<RunFigures> {
  const place = makePlace(scratch);
  const run = new StoppedRun(scratch, place, plan);
  await run.start(away);
  const publishS = await run.load(away);
  const awake = await run.figures(AWAKE);
  const loaded = run.peakMb();
  const catchUpS = await run.catchUp(away);
  const consumers = {
    [AWAKE]: await run.figures(AWAKE),
    [STOPPED]: await run.figures(STOPPED),
    [ABSENT]: await run.figures(ABSENT),
  };
  const busPeakMb = { warm: run.warmMb, loaded, end: run.peakMb() };
  await run.end();
  const { ok, differences, damaged, structure } = await verifyJournal(place.paths.journal);
  const audit = [
    ...differences,
    ...structure,
    ...damaged.map(({ seq, what }) => `signal ${String(seq)}: ${what}`),
  ];
  return { busPeakMb, awake, consumers, publishS, catchUpS, auditOk: ok, audit, warnings: run.warnings };
}

class StoppedRun {
  warmMb = 0;
  readonly warnings: string[] = [];
  readonly #scratch: Scratch;
  readonly #place: Place;
  readonly #plan: StoppedPlan;
  readonly #consumers = new Map<Name, Child>();
  #bus: Child | undefined;
  #publisher: Child | undefined;

  constructor(scratch: Scratch, place: Place, plan: StoppedPlan) {
    this.#scratch = scratch;
    this.#place = place;
    this.#plan = plan;
  }

  /** All have seen the warm-up, except who is absent: the bus only knows it. */
  async start(away: boolean): Promise<void> {
    this.#bus = await startService(this.#scratch, this.#place, "chemical-bus", {
      settings: ["liveEndpoints=[]"],
      onLine: (line) => {
        if (this.warnings.length < WARNINGS_MAX) this.warnings.push(line);
      },
    });
    for (const name of CONSUMERS) await this.#attach(name);
    if (away) await this.#scratch.end([this.#consumer(ABSENT)]);
    const { signalsPerS } = this.#plan;
    this.#publisher = this.#run("publisher", [signalsPerS]);
    await this.#publisher.event("ready", READY_MS);
    await this.#publish(WARM_UP, away ? [AWAKE, STOPPED] : CONSUMERS);
    await this.figures(AWAKE);
    this.warmMb = this.peakMb();
  }

  /** Seconds from the first publish to the last acknowledgement; returns once those who are awake have settled all. */
  async load(away: boolean): Promise<number> {
    if (away) this.#consumer(STOPPED).kill("SIGSTOP");
    return this.#publish(this.#plan.signals, away ? [AWAKE] : CONSUMERS);
  }

  async catchUp(away: boolean): Promise<Readonly<Record<string, number>>> {
    if (!away) return {};
    const from = performance.now();
    this.#consumer(STOPPED).kill("SIGCONT");
    const stopped = this.#settled(STOPPED).then(() => (performance.now() - from) / 1000);
    await this.#attach(ABSENT);
    const absent = this.#settled(ABSENT).then(() => (performance.now() - from) / 1000);
    return { [STOPPED]: await stopped, [ABSENT]: await absent };
  }

  async figures(name: Name): Promise<DeliveryFigures> {
    const child = this.#consumer(name);
    child.tell("figures");
    return (await child.event("figures", READY_MS)) as unknown as DeliveryFigures;
  }

  /** In order; the journal can be read then. */
  async end(): Promise<void> {
    const clients = [this.#publisher, ...this.#consumers.values()].filter((child) => child !== undefined);
    await this.#scratch.end([this.#bus, ...clients].filter((child) => child !== undefined));
  }

  peakMb(): number {
    return memoryOf(this.#bus?.pid ?? 0)?.peakMb ?? Number.NaN;
  }

  async #publish(count: number, awake: readonly Name[]): Promise<number> {
    const total = count === WARM_UP ? WARM_UP : WARM_UP + count;
    const publisher = this.#publisher;
    if (publisher === undefined) throw new Error("there is no publisher");
    const settled = awake.map((name) => this.#settled(name, total));
    publisher.tell(String(count));
    const { startedAt, endedAt } = await publisher.event("published", this.#limitMs());
    await Promise.all(settled);
    return (Number(endedAt) - Number(startedAt)) / 1000;
  }

  async #settled(name: Name, total = WARM_UP + this.#plan.signals): Promise<void> {
    const child = this.#consumer(name);
    child.tell(String(total));
    await child.event("settled", this.#limitMs());
  }

  #limitMs(): number {
    const { signals, signalsPerS } = this.#plan;
    return (signals / Math.min(signalsPerS, BUSY_PER_S)) * 1000 + GRACE_MS;
  }

  async #attach(name: Name): Promise<void> {
    const child = this.#run("consumer", [name, WARM_UP + this.#plan.signals]);
    this.#consumers.set(name, child);
    await child.event("ready", READY_MS);
  }

  #run(program: string, args: readonly (string | number)[]): Child {
    const file = `${import.meta.dir}/${program}_process.ts`;
    return this.#scratch.run(file, [this.#place.paths.busEndpoint, ...args]);
  }

  #consumer(name: Name): Child {
    const child = this.#consumers.get(name);
    if (child === undefined) throw new Error(`no consumer ${name}`);
    return child;
  }
}
