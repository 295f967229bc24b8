/** Counts what a run said, for its summary. */
import type { Envelope } from "@kloros/signal-schema";

export class FlowTally {
  readonly #bySignal = new Map<string, number>();
  readonly #integrated = new Set<string>();
  #initsCreated = 0;
  #failed = 0;
  readonly #cycles = new Map<string, number>();
  readonly #deployed: string[] = [];

  add(signal: Envelope): void {
    // Not an event: how far something is.
    if (signal.signal === "Q_DREAM_PROGRESS") return;
    this.#bySignal.set(signal.signal, (this.#bySignal.get(signal.signal) ?? 0) + 1);
    if (signal.signal === "Q_INTEGRATION_FAILED") this.#failed += 1;
    if (signal.signal === "Q_DREAM_COMPLETE") this.#addCycle(signal);
    if (signal.signal === "Q_WINNER_DEPLOYED") this.#deployed.push(...deployedKeys(signal));
    if (signal.signal !== "Q_MODULE_INTEGRATED") return;
    const { module_name: name, init_created: created } = signal.facts;
    this.#integrated.add(String(name));
    if (created === true) this.#initsCreated += 1;
  }

  #addCycle({ facts }: Envelope): void {
    const { outcome, success } = facts;
    const ended = typeof outcome === "string" ? outcome : success === true ? "completed" : "failed";
    this.#cycles.set(ended, (this.#cycles.get(ended) ?? 0) + 1);
  }

  /** How triggers of D-REAM ended: by a cycle, or answered without one. */
  get cycles(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#cycles);
  }

  /** Configuration keys that winners set, with the experiment. */
  get deployed(): readonly string[] {
    return this.#deployed;
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

function deployedKeys({ facts }: Envelope): readonly string[] {
  const { winners } = facts;
  if (!Array.isArray(winners)) return [];
  return (winners as readonly { readonly experiment?: unknown; readonly keys?: unknown }[]).flatMap(
    ({ experiment, keys }) =>
      Array.isArray(keys) ? keys.map((key) => `${String(key)} (${String(experiment)})`) : [],
  );
}
