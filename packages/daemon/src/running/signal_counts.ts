/** The metrics and log lines that every signal leaves behind. */
import type { Delivery, SettledEvent } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import type { Metrics } from "../health/metrics.ts";
import type { KitLogger } from "../log/create_log.ts";
import type { SignalLog } from "../log/signal_log.ts";
import type { Activity } from "./activity.ts";

export interface SignalTrail {
  received(delivery: Delivery, consumer: string): void;
  settled(event: SettledEvent, consumer: string): void;
  emitted(signal: Envelope, status: string): void;
  /** Observe mode: what would have been emitted. */
  dry(signal: Envelope): void;
}

export interface TrailOptions {
  readonly metrics: Metrics;
  readonly signalLog: SignalLog;
  readonly log: KitLogger;
  readonly activity: Activity;
}

export function leaveTrail({ metrics, signalLog, log, activity }: TrailOptions): SignalTrail {
  metrics.describe("signals_received_total", "counter", "Signals handed to a handler, each attempt counted.");
  metrics.describe("signals_settled_total", "counter", "Deliveries that ended, by outcome.");
  metrics.describe(
    "signals_emitted_total",
    "counter",
    "Signals that the bus stored or announced for this service.",
  );
  metrics.describe("signals_dry_total", "counter", "Signals that observe mode showed instead of emitting.");
  metrics.describe("handler_duration_seconds", "histogram", "From the start of a handler to its settlement.");
  return {
    received: (delivery, consumer) => {
      activity.happened();
      metrics.count("signals_received_total", { signal: delivery.signal.signal });
      const { attempt, seq, late } = delivery;
      signalLog.line("received", delivery.signal, { consumer, attempt, seq, ...(late ? { late } : {}) });
    },
    settled: (event, consumer) => {
      const { signal } = event.delivery;
      const { outcome } = event;
      activity.settled(outcome);
      metrics.count("signals_settled_total", { signal: signal.signal, outcome });
      metrics.observe("handler_duration_seconds", event.durationMs / 1000, { signal: signal.signal });
      const fields = {
        consumer,
        outcome,
        attempt: event.delivery.attempt,
        duration_ms: roundMs(event.durationMs),
      };
      if (outcome === "retry" || outcome === "dead") {
        log.warn(
          { signal: signal.signal, id: signal.id, trace: signal.trace, ...fields, error: event.error },
          "settled",
        );
      } else signalLog.line("settled", signal, fields);
      for (const emitted of event.emitted) countEmitted(emitted, "stored");
    },
    emitted: countEmitted,
    dry: (signal) => {
      metrics.count("signals_dry_total", { signal: signal.signal });
      signalLog.line("dry", signal, { dry: true, facts: signal.facts });
    },
  };

  function countEmitted(signal: Envelope, status: string): void {
    activity.happened();
    metrics.count("signals_emitted_total", { signal: signal.signal });
    signalLog.line("emitted", signal, status === "stored" ? {} : { status });
  }
}

function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}
