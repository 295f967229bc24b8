/** Consuming in act mode: a durable consumer that steps back while maintenance mode is on. */
import {
  DeniedError,
  RetryableError,
  type Bus,
  type ConsumeOptions,
  type Consumption,
  type Delivery,
  type Handler,
} from "@kloros/bus-client";
import type { Maintenance } from "../maintenance.ts";
import { pause } from "../pause.ts";
import type { KitLogger } from "../log/create_log.ts";
import type { Progress } from "./progress.ts";
import type { SignalTrail } from "./signal_counts.ts";

export interface DurableOptions {
  readonly bus: Bus;
  readonly spec: ConsumeOptions;
  readonly pauseInMaintenance: boolean;
  readonly maintenance: Maintenance;
  readonly trail: SignalTrail;
  readonly progress: Progress;
  readonly log: KitLogger;
  readonly stopping: AbortSignal;
  readonly drainGraceMs: number;
  /** The consumer was refused for good while running. */
  readonly onRefused: (error: unknown) => void;
}

export interface DurableConsumer {
  readonly name: string;
  readonly active: number;
  /** Why it takes nothing at the moment; undefined: it does. */
  readonly resting: string | undefined;
  drain(graceMs: number): Promise<void>;
}

const HANDLER_TIMEOUT_MS = 60_000;

/** Resolves when attached, or when it rests because maintenance mode is on. Rejects with `DeniedError`. */
export async function consumeDurable(options: DurableOptions, handler: Handler): Promise<DurableConsumer> {
  let consumption: Consumption | undefined;
  const { maintenance, stopping, log, spec } = options;

  async function attach(): Promise<void> {
    const attached = await attachPatiently(options, handled(options, handler));
    consumption = attached;
    attached.ended.catch((error: unknown) => {
      if (!stopping.aborted) options.onRefused(error);
    });
  }

  /** Back and forth until the service stops. */
  async function followMaintenance(): Promise<void> {
    while (!stopping.aborted) {
      await maintenance.until(true, stopping);
      log.info({ consumer: spec.name }, "maintenance mode is on: this consumer rests");
      const resting = consumption;
      consumption = undefined;
      await resting?.drain(options.drainGraceMs);
      await maintenance.until(false, stopping);
      log.info({ consumer: spec.name }, "maintenance mode is off: this consumer goes on");
      await attach();
    }
  }

  if (!options.pauseInMaintenance) await attach();
  else {
    if (!maintenance.active()) await attach();
    followMaintenance().catch((error: unknown) => {
      if (!stopping.aborted) options.onRefused(error);
    });
  }
  return {
    name: spec.name,
    get active() {
      return consumption?.active ?? 0;
    },
    get resting() {
      return consumption === undefined ? "maintenance mode is on" : undefined;
    },
    drain: async (graceMs) => consumption?.drain(graceMs),
  };
}

const HELD_TRIES_MAX = 20;
const HELD_PAUSE_MS = 250;

/** A holder that was killed a moment ago may still be on the bus's books: tried again for a few seconds. */
async function attachPatiently(options: DurableOptions, handler: Handler): Promise<Consumption> {
  const onSettled = options.spec.onSettled;
  const spec: ConsumeOptions = {
    ...options.spec,
    onSettled: (event) => {
      options.trail.settled(event, options.spec.name);
      onSettled?.(event);
    },
  };
  for (let tries = 1; ; tries += 1) {
    try {
      return await options.bus.consume(spec, handler);
    } catch (error) {
      const held = error instanceof DeniedError && error.code === "consumer_held";
      if (!held || tries >= HELD_TRIES_MAX || isAlive(error.holderPid)) throw error;
      await pause(HELD_PAUSE_MS, options.stopping);
    }
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined || pid === 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function handled(options: DurableOptions, handler: Handler): Handler {
  const { maintenance, trail, progress, spec } = options;
  const limitMs = spec.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS;
  return async (delivery) => {
    if (options.pauseInMaintenance && maintenance.active()) await handedBack(delivery);
    trail.received(delivery, spec.name);
    const end = progress.begin(`the handler of ${delivery.signal.signal} ${delivery.signal.id}`, limitMs);
    try {
      return await handler(delivery);
    } finally {
      end();
    }
  };
}

/** Maintenance began between two looks: waits until the drain that follows takes the delivery back, uncounted. */
async function handedBack(delivery: Delivery): Promise<never> {
  await new Promise<void>((resolve) => {
    if (delivery.abort.aborted) resolve();
    delivery.abort.addEventListener("abort", () => resolve(), { once: true });
  });
  throw new RetryableError("maintenance", "maintenance mode is on");
}
