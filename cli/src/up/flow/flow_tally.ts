/** Counts what a run said, for its summary. */
import type { Envelope } from "@kloros/signal-schema";

export class FlowTally {
  readonly #bySignal = new Map<string, number>();
  readonly #integrated = new Set<string>();
  #initsCreated = 0;
  #failed = 0;

  add(signal: Envelope): void {
    this.#bySignal.set(signal.signal, (this.#bySignal.get(signal.signal) ?? 0) + 1);
    if (signal.signal === "Q_INTEGRATION_FAILED") this.#failed += 1;
    if (signal.signal !== "Q_MODULE_INTEGRATED") return;
    const { module_name: name, init_created: created } = signal.facts;
    this.#integrated.add(String(name));
    if (created === true) this.#initsCreated += 1;
  }

  get total(): number {
    return [...this.#bySignal.values()].reduce((sum, count) => sum + count, 0);
  }

  get bySignal(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#bySignal);
  }

  get integrated(): readonly string[] {
    return [...this.#integrated].toSorted();
  }

  get initsCreated(): number {
    return this.#initsCreated;
  }

  get failedIntegrations(): number {
    return this.#failed;
  }
}
