/** Consuming in observe mode: the handler sees what passes on the live feed; nothing is taken, stored or answered. */
import type { Bus, ConsumeOptions, Delivery, Handler, Tap } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import type { KitLogger } from "../log/create_log.ts";
import type { Metrics } from "../health/metrics.ts";
import { showDry } from "./observed_bus.ts";
import type { SignalTrail } from "./signal_counts.ts";

export interface ObservingOptions {
  readonly bus: Pick<Bus, "tap" | "publish">;
  readonly spec: ConsumeOptions;
  readonly trail: SignalTrail;
  readonly metrics: Metrics;
  readonly log: KitLogger;
  readonly stopping: AbortSignal;
}

/** Signals that wait for the handler; beyond it the newest are lost, as on any live feed, and counted. */
const WAITING_MAX = 1000;
const STATES_MAX = 10_000;

/** Handlers run one after another. State lives in memory, so that decisions that build on it can be watched. */
export async function consumeObserving(options: ObservingOptions, handler: Handler): Promise<Tap> {
  const { spec, trail, metrics } = options;
  const states = new Map<string, unknown>();
  let waiting = 0;
  let tail = Promise.resolve();

  async function handle(signal: Envelope): Promise<void> {
    const key = stateKeyOf(spec, signal);
    const delivery = observedDelivery(signal, states.get(key) ?? null, options);
    trail.received(delivery, spec.name);
    const result = await handler(delivery);
    if (result?.state !== undefined && (states.has(key) || states.size < STATES_MAX))
      states.set(key, result.state);
    showDry(options.bus, trail, result?.emit ?? []);
  }

  return options.bus.tap({ signals: spec.signals }, (signal) => {
    if (waiting >= WAITING_MAX) {
      metrics.count("observe_lost_total", { signal: signal.signal });
      return;
    }
    waiting += 1;
    tail = tail
      .then(async () => {
        if (!options.stopping.aborted) await handle(signal);
      })
      .catch((error: unknown) => {
        options.log.warn({ signal: signal.signal, id: signal.id, error }, "would have failed (observe mode)");
      })
      .finally(() => {
        waiting -= 1;
      });
  });
}

function stateKeyOf(spec: ConsumeOptions, signal: Envelope): string {
  if (spec.stateKey === undefined || spec.stateKey === "") return "";
  return JSON.stringify(signal.facts[spec.stateKey] ?? null);
}

function observedDelivery(signal: Envelope, state: unknown, options: ObservingOptions): Delivery {
  return {
    signal,
    seq: 0,
    attempt: 1,
    late: false,
    state,
    plan: null,
    savePlan: async (plan) => {
      options.log.info({ dry: true, signal: signal.signal, id: signal.id, plan }, "would plan");
      return Promise.resolve();
    },
    abort: options.stopping,
  };
}
