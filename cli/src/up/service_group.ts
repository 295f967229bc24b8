/** All services of one `up`: started bus first, stopped bus last. */
import { stopOrder, BUS_SERVICE } from "./service_list.ts";
import type { ServiceProcess } from "./service_process.ts";

export class ServiceGroup {
  readonly all: readonly ServiceProcess[];

  constructor(all: readonly ServiceProcess[]) {
    this.all = all;
  }

  get bus(): ServiceProcess | undefined {
    return this.all.find(({ name }) => name === BUS_SERVICE);
  }

  startAllButBus(): void {
    for (const one of this.all) if (one !== this.bus) one.start();
  }

  /** Those that are not ready, with why. */
  unready(): readonly string[] {
    return this.all
      .filter(({ state }) => state !== "ready")
      .map(({ name, state, why }) => `${name} is ${state.replace("_", " ")}: ${why}`);
  }

  /** Group after group; each service has `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    for (const group of stopOrder(this.all)) {
      await Promise.all(group.map((one) => one.stop(graceMs)));
    }
  }

  killAll(): void {
    for (const one of this.all) one.kill();
  }

  /** Processes that still live. */
  pids(): readonly number[] {
    return this.all.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }
}
