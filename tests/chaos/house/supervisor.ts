/** Starts again whatever ends, as systemd would with `Restart=always`. */
import type { DaemonProcess } from "../../e2e/house/daemon_process.ts";

export interface SupervisorOptions {
  /** Between an end and the next start, ms. */
  readonly delayMs: () => number;
}

/** For all to be ready after the release, ms. */
const RELEASE_MS = 60_000;

export class Supervisor {
  /** Ends of which nobody but the daemon itself is the cause. */
  readonly ownEnds: string[] = [];
  readonly #options: SupervisorOptions;
  readonly #watches: Promise<void>[];
  #releasedAt = Number.POSITIVE_INFINITY;

  /** They run already, or are started. */
  constructor(daemons: readonly DaemonProcess[], options: SupervisorOptions) {
    this.#options = options;
    this.#watches = daemons.map((daemon) => this.#watch(daemon));
  }

  /** None is started again once it is ready: one that runs may be about to end of what it met a moment ago. */
  async release(): Promise<void> {
    this.#releasedAt = performance.now();
    await Promise.all(this.#watches);
  }

  async #watch(daemon: DaemonProcess): Promise<void> {
    let { kills } = daemon;
    for (;;) {
      if (!daemon.running) daemon.start();
      while (daemon.running) {
        if (await this.#isOver(daemon)) return;
        await Promise.race([daemon.exited(), Bun.sleep(100)]);
      }
      const code = await daemon.exited();
      if (daemon.kills === kills) {
        this.ownEnds.push(`${daemon.service} ended with ${String(code)}: ${daemon.lastWords(2)}`);
      }
      ({ kills } = daemon);
      await Bun.sleep(this.#options.delayMs());
    }
  }
  async #isOver(daemon: DaemonProcess): Promise<boolean> {
    const forMs = performance.now() - this.#releasedAt;
    return forMs > RELEASE_MS || (forMs >= 0 && (await daemon.readiness())?.ok === true);
  }
}
