import type { Reading } from "./alert.ts";
import type { BusPass, ConsumerBook } from "./bus_pass.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";
import type { Rest } from "./rest.ts";

const MINUTE_MS = 60_000;

/** How much waits for each consumer, and for how long. What waits for one that rests waits by somebody's wish. */
export function consumerLagProbe(config: HealthConfig, books: BusPass, rest: Rest): Probe {
  return {
    name: "consumer_lag",
    read: async () => {
      const consumers = (await books())?.consumers;
      if (consumers === undefined || rest.maintenance()) return undefined;
      return consumers
        .filter(({ name }) => !rest.paused(serviceOf(name)))
        .flatMap((consumer) => [backlog(consumer, config), age(consumer, config)]);
    },
  };
}

/** A service may have several consumers: `policy-engine/timers`. */
export function serviceOf(consumer: string): string {
  return consumer.split("/")[0] ?? consumer;
}

function backlog({ name, open }: ConsumerBook, config: HealthConfig): Reading {
  return {
    key: `backlog:${name}`,
    type: "consumer_backlog",
    value: open,
    unit: "signals",
    levels: [{ severity: "warning", above: config.lagOpenMax }],
    step: Math.max(1, config.lagOpenMax),
    message: `${open} signals wait for ${name}`,
    ...advice(name),
  };
}

function age({ name, open, oldestAgeMs }: ConsumerBook, config: HealthConfig): Reading {
  const minutes = (oldestAgeMs ?? 0) / MINUTE_MS;
  return {
    key: `lag:${name}`,
    type: "consumer_lag",
    value: minutes,
    unit: "min",
    levels: [{ severity: "warning", above: config.lagAgeMaxMs / MINUTE_MS }],
    message: `the oldest of ${open} signals has waited ${Math.round(minutes)} min for ${name}`,
    ...advice(name),
  };
}

function advice(name: string): Pick<Reading, "advice" | "suggestions"> {
  return { advice: "kloros consumers list", suggestions: [`kloros logs ${serviceOf(name)}`] };
}
