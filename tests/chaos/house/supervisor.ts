/** Starts again whatever ends, as systemd would with `Restart=always`. */
import type { DaemonProcess } from "../../e2e/house/daemon_process.ts";

export interface SupervisorOptions {
  /** Between an end and the next start, ms. */
  readonly delayMs: () => number;
}

export class Supervisor {
  /** Ends of which nobody but the daemon itself is the cause. */
  readonly ownEnds: string[] = [];
  readonly #options: SupervisorOptions;
  readonly #watches: Promise<void>[];
  #released = false;

  /** They run already, or are started. */
  constructor(daemons: readonly DaemonProcess[], options: SupervisorOptions) {
    this.#options = options;
    this.#watches = daemons.map((daemon) => this.#watch(daemon));
  }

  /** All run; none is started again from now on. */
  async release(): Promise<void> {
    this.#released = true;
    await Promise.all(this.#watches);
  }

  async #watch(daemon: DaemonProcess): Promise<void> {
    let { kills } = daemon;
    for (;;) {
      if (!daemon.running) daemon.start();
      while (daemon.running) {
        if (this.#released) return;
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
}
