/** The traffic for so long, a look at everything each second, and in the end what was left behind. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Bus, connectBus, RetryableError } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import { type Installation, RotatingLog } from "@kloros/daemon";
import {
  type AdminOp,
  type AdminOps,
  type ConsumerStatus,
  type VerifyReport,
  verifyJournal,
} from "@kloros/journal";
import { makePlace } from "../../bench/house/bus_daemon.ts";
import type { Child } from "../../bench/house/child.ts";
import type { Scratch } from "../../bench/house/scratch.ts";
import { LETTERS, LOGS, RETENTION, type SoakPlan } from "./plan.ts";
import { readIds } from "./id_file.ts";
import { type Sample, sampleFiles, sampleProcess, sampleRows } from "./sample.ts";

const READY_MS = 30_000;
const SAMPLE_MS = 1000;
const REST_MS = 60_000;
/** Each takes five seconds, the time after which a client gives a silent bus up. */
const TRIES_MAX = 12;
/** Two rounds of retention. */
const ROUNDS_MS = 130_000;
const DAY_MS = 86_400_000;
const CLIENTS = ["rules", "dedup", "worker", "sources"] as const;

export type Ids = ReturnType<typeof readIds>;

export interface SoakResult {
  readonly samples: readonly Sample[];
  /** Roots that the publishers said. */
  readonly roots: number;
  /** Signals that the live tap saw. */
  readonly tapped: number;
  readonly consumers: readonly ConsumerStatus[];
  /** Of the bus, since its start. */
  readonly counters: Readonly<Record<string, number>>;
  readonly deadlinesFired: number;
  readonly lettersPurged: number;
  /** Questions of the operator whose session ended before their answer; they were asked again. */
  readonly unanswered: number;
  /** Files that were rotated: logs, and the dead letters. */
  readonly setAside: readonly string[];
  readonly ids: Readonly<Record<(typeof CLIENTS)[number], Ids>>;
  readonly rows: Sample["rows"];
  readonly verified: VerifyReport;
}

export async function runSoak(
  scratch: Scratch,
  plan: SoakPlan,
  say: (text: string) => void,
): Promise<SoakResult> {
  const soak = new Soak(scratch, plan);
  try {
    await soak.start();
    await soak.sampleUntil(plan.minutes * 60_000, say);
    return await soak.finish();
  } finally {
    await soak.leave();
  }
}

class Soak {
  readonly #scratch: Scratch;
  readonly #plan: SoakPlan;
  readonly #paths: Installation;
  readonly #logs: string;
  readonly #ledgers: string;
  readonly #children = new Map<string, Child>();
  readonly #samples: Sample[] = [];
  readonly #operator: Bus;
  #startedAt = 0;
  #tapped = 0;
  #lettersPurged = 0;
  #unanswered = 0;

  constructor(scratch: Scratch, plan: SoakPlan) {
    this.#scratch = scratch;
    this.#plan = plan;
    this.#paths = makePlace(scratch).paths;
    this.#logs = scratch.subdirectory();
    this.#ledgers = scratch.subdirectory();
    const { busEndpoint: endpoint, liveEndpoint } = this.#paths;
    this.#operator = connectBus({ endpoint, liveEndpoint, service: "operator" });
  }

  async start(): Promise<void> {
    const { home, runtime } = this.#paths;
    const settings = [
      "liveEndpoints=[]",
      `retentionDays=${String(RETENTION.ageMs / DAY_MS)}`,
      `rememberIdsDays=${String(RETENTION.rememberMs / DAY_MS)}`,
    ].flatMap((one) => ["--set", one]);
    const place = ["--home", home, "--runtime", runtime, "--log-level", "debug"];
    this.#run("bus", [...place, ...settings]);
    await this.#operator.ping({ timeoutMs: READY_MS });
    await this.#operator.tap({}, () => this.#tapped++);
    for (const name of CLIENTS) {
      const rate = name === "sources" ? [String(this.#plan.signalsPerS)] : [];
      const child = this.#run(name, [this.#paths.busEndpoint, this.#ledger(name), ...rate]);
      await child.event("ready", READY_MS);
    }
    this.#startedAt = performance.now();
    this.#child("sources").tell("go");
  }

  /** On a machine that is too busy for one look a second there are fewer looks, not more time. */
  async sampleUntil(endMs: number, say: (text: string) => void): Promise<void> {
    let [purgeDue, minutes] = [0, 0];
    for (let due = SAMPLE_MS; due <= endMs; due = Math.max(due + SAMPLE_MS, this.#elapsed())) {
      await Bun.sleep(Math.max(0, due - this.#elapsed()));
      this.#samples.push(await this.#sample());
      if (this.#elapsed() >= purgeDue) {
        purgeDue = this.#elapsed() + LETTERS.everyMs;
        await this.#purgeLetters();
      }
      if (this.#elapsed() < (minutes + 1) * 60_000) continue;
      minutes = Math.floor(this.#elapsed() / 60_000);
      say(`${String(minutes)} of ${String(this.#plan.minutes)} minutes`);
    }
  }

  /** Lets everything come to rest, ends it in order, and reads what is left. */
  async finish(): Promise<SoakResult> {
    const sources = this.#child("sources");
    sources.tell("stop");
    const { roots } = await sources.event("stopped", REST_MS);
    await until("all to be handled", () => this.#atRest(), { limitMs: REST_MS });
    await until("ids to be forgotten", () => this.#hasForgotten(), { limitMs: ROUNDS_MS });
    // Meanwhile a last timeout may have come.
    const consumers = await until("all to be handled", () => this.#atRest(), { limitMs: REST_MS });
    const status = await this.#ask("status", {});
    // At the same moment: what was purged is counted against the ids that are kept.
    const rows = sampleRows(this.#paths.journal);
    await this.leave();
    await this.#scratch.end([...this.#children.values()]);
    const { home } = this.#paths;
    return {
      samples: this.#samples,
      roots: Number(roots),
      tapped: this.#tapped,
      consumers,
      counters: status.counters,
      deadlinesFired: status.deadlines.fired,
      lettersPurged: this.#lettersPurged,
      unanswered: this.#unanswered,
      setAside: [...readdirSync(this.#logs), ...readdirSync(home)].filter((name) => name.endsWith(".1")),
      ids: Object.fromEntries(
        CLIENTS.map((name) => [name, readIds(this.#ledger(name))]),
      ) as SoakResult["ids"],
      rows,
      verified: await verifyJournal(this.#paths.journal),
    };
  }

  async leave(): Promise<void> {
    await this.#operator.close();
  }

  #run(name: string, args: readonly string[]): Child {
    const log = new RotatingLog(join(this.#logs, `${name}.log`), LOGS);
    const program = join(import.meta.dir, `${name}_process.ts`);
    const child = this.#scratch.spawn(name, [process.execPath, program, ...args], {
      env: { KLOROS_LOG_FORMAT: "json" },
      onLine: (line) => {
        log.write(line);
      },
    });
    this.#children.set(name, child);
    return child;
  }

  #child(name: string): Child {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`no process ${name}`);
    return child;
  }

  #ledger(name: string): string {
    return join(this.#ledgers, `${name}.ids`);
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  async #sample(): Promise<Sample> {
    const processes = await Promise.all(
      [...this.#children].map(async ([name, child]) => [name, await sampleProcess(child)] as const),
    );
    const { journal } = this.#paths;
    return {
      atMs: this.#elapsed(),
      processes: Object.fromEntries(processes),
      files: sampleFiles(this.#paths, this.#logs),
      rows: sampleRows(journal),
    };
  }

  /** A machine that is busy with something else may silence a bus for longer than a client waits; all of these may be said again. */
  async #ask<Op extends AdminOp>(op: Op, request: AdminOps[Op]["request"]): Promise<AdminOps[Op]["result"]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#operator.admin(op, request);
      } catch (error) {
        const lost = error instanceof RetryableError && error.code === "unanswered";
        if (!lost || tries === TRIES_MAX) throw error;
        this.#unanswered += 1;
      }
    }
  }

  /** As `kloros dlq purge` does, long before 30 days have passed. */
  async #purgeLetters(): Promise<void> {
    const before = Date.now() - LETTERS.ageMs;
    const { purged } = await this.#ask("purgeDeadLetters", { before, limit: 500 });
    this.#lettersPurged += purged;
  }

  /** In two minutes the round that forgets what the first one took away may be a few seconds late. */
  async #hasForgotten(): Promise<boolean> {
    const { counters } = await this.#ask("status", {});
    return (counters["purged"] ?? 0) > sampleRows(this.#paths.journal).idmemo;
  }

  async #atRest(): Promise<readonly ConsumerStatus[] | undefined> {
    const consumers = await this.#ask("consumers", {});
    return consumers.every(({ open }) => open === 0) ? consumers : undefined;
  }
}
