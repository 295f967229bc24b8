/**
 * The bus and some services as real processes on a home of their own.
 *
 * `settle()` waits until nothing is under way; `stop()` ends all in order, after which the journal is closed and everything
 * that is left behind can be read.
 */
import { type Bus, connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import type { Installation } from "@kloros/daemon";
import { makeTestHome } from "@kloros/daemon/testing";
import type { DeadLetter } from "@kloros/journal";
import { DaemonProcess } from "./daemon_process.ts";

const BUS = "chemical-bus";

export interface HouseOptions<Name extends string> {
  /** What this is in a failure's words. */
  readonly what: string;
  /** The bus first. */
  readonly services: readonly [typeof BUS, ...Name[]];
  /** How long it may take to come to rest, ms. */
  readonly settleMs: number;
  /** Nothing new for so long is rest, ms. */
  readonly quietMs: number;
  /** Where the source tree is; default: in the home. */
  readonly source?: string | undefined;
  /** A directory of compiled programs; default: from source. */
  readonly compiled?: string | undefined;
}

export interface SettleOptions {
  readonly limitMs?: number;
  /** What was given up after three kills is brought back by the operator, as designed; returned. */
  readonly retryPoison?: boolean;
}

export interface Resting {
  /** What keeps it from rest. */
  readonly flaws: readonly string[];
  /** Differs when anything went on since. */
  readonly progress: string;
}

export class House<Name extends string> {
  readonly paths: Installation;
  readonly #options: HouseOptions<Name>;
  readonly #home;
  readonly #daemons: ReadonlyMap<string, DaemonProcess>;
  #operator: Bus | undefined;

  constructor(options: HouseOptions<Name>) {
    this.#options = options;
    this.#home = makeTestHome(options.source === undefined ? {} : { source: options.source });
    const { paths } = this.#home;
    const { compiled } = options;
    this.paths = paths;
    this.#daemons = new Map(
      options.services.map((service) => [service, new DaemonProcess({ service, paths, compiled })]),
    );
  }

  daemon(name: Name | typeof BUS): DaemonProcess {
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
  start(services: readonly (Name | typeof BUS)[] = this.#options.services): void {
    for (const name of services) if (!this.daemon(name).running) this.daemon(name).start();
  }

  async ready(services: readonly (Name | typeof BUS)[] = this.#options.services): Promise<void> {
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

  /** The bus may be away meanwhile. */
  async until(
    what: string,
    done: () => boolean | Promise<boolean>,
    limitMs = this.#options.settleMs,
  ): Promise<void> {
    try {
      await until(what, async () => (await unlessAway(async () => done())) ?? false, { limitMs });
    } catch (error) {
      throw new Error(`${String(error)}\n${this.report()}`, { cause: error });
    }
  }

  /** Waits until a look finds no flaws and nothing new for a while. */
  protected async rest(look: () => Promise<Resting>, options: SettleOptions): Promise<readonly DeadLetter[]> {
    const { what, settleMs, quietMs } = this.#options;
    const poison: DeadLetter[] = [];
    let flaws: readonly string[] = ["the bus did not answer"];
    let quietSince = 0;
    let seen = "";
    const rests = async (): Promise<boolean> => {
      if (!this.daemon(BUS).running) throw new Error("the bus is gone");
      const now = await unlessAway(async () => {
        if (options.retryPoison === true) poison.push(...(await this.#retryPoison()));
        return look();
      });
      if (now === undefined) return false;
      flaws = now.flaws;
      if (flaws.length > 0 || now.progress !== seen) quietSince = performance.now();
      seen = now.progress;
      return performance.now() - quietSince >= quietMs;
    };
    try {
      await until(`${what} to come to rest`, rests, { limitMs: options.limitMs ?? settleMs });
    } catch (error) {
      throw new Error(`${String(error)}: ${flaws.slice(0, 10).join("; ")}\n${this.report()}`, {
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
      const kills = this.#daemons.get(consumer)?.kills ?? 0;
      if (kills < 3) throw new Error(`${consumer} was killed ${String(kills)} times, but: ${error}`);
      await this.operator.admin("retryDeadLetter", { n });
    }
    return poison;
  }

  /** Ends all in order; the journal is closed afterwards. */
  async stop(): Promise<void> {
    await this.#leave();
    const [, ...clients] = this.#options.services;
    await Promise.all(clients.map((name) => this.daemon(name).end()));
    await this.daemon(BUS).end();
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    await this.#leave();
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.end("SIGKILL")));
  }

  /** Kills what still runs and removes the home. */
  async remove(): Promise<void> {
    await this.end();
    this.#home.remove();
  }

  async #leave(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
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
