/** Consuming in act mode: a durable consumer that steps back while its service is paused or maintenance mode is on. */
import {
  DeniedError,
  type Bus,
  type ConsumeOptions,
  type Consumption,
  type Handler,
} from "@kloros/bus-client";
import { pauseOrThrow } from "../pause.ts";
import { isAlive } from "../process_alive.ts";
import type { KitLogger } from "../log/create_log.ts";
import type { Rest, Resting } from "../rest/watch_rest.ts";
import type { Progress } from "./progress.ts";
import type { SignalTrail } from "./signal_counts.ts";

export interface DurableOptions {
  readonly bus: Bus;
  readonly spec: ConsumeOptions;
  readonly pauseInMaintenance: boolean;
  readonly rest: Rest;
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

/** Resolves when attached, or when it rests. Rejects with `DeniedError`. */
export async function consumeDurable(options: DurableOptions, handler: Handler): Promise<DurableConsumer> {
  const { rest, stopping, log, spec } = options;
  const gate = new Gate(options);
  let consumption: Consumption | undefined;
  let resting: string | undefined;

  async function attach(): Promise<void> {
    gate.closing = false;
    const attached = await attachPatiently(options, handled(options, gate, handler));
    consumption = attached;
    attached.ended.catch((error: unknown) => {
      if (!stopping.aborted) options.onRefused(error);
    });
  }

  /** Back and forth until the service stops. */
  async function followRest(): Promise<void> {
    for (;;) {
      await rest.until((now) => gate.why(now) !== undefined, stopping);
      resting = gate.why(rest.now);
      log.info({ consumer: spec.name }, `${resting ?? ""}: this consumer rests`);
      await gate.idle(stopping);
      if (gate.closed && consumption !== undefined) {
        await gate.handBack(consumption, 0);
        consumption = undefined;
      }
      await rest.until((now) => gate.why(now) === undefined, stopping);
      log.info({ consumer: spec.name }, "the rest is over: this consumer goes on");
      if (consumption === undefined) await attach();
      resting = undefined;
    }
  }

  resting = gate.why(rest.look());
  if (resting === undefined) await attach();
  followRest().catch((error: unknown) => {
    if (!stopping.aborted) options.onRefused(error);
  });
  return {
    name: spec.name,
    get active() {
      return gate.busy;
    },
    get resting() {
      return resting;
    },
    drain: async (graceMs) => {
      if (consumption !== undefined) await gate.handBack(consumption, graceMs);
    },
  };
}

const IDLE_LOOK_MS = 10;
const HELD_LOOK_MS = 100;

/**
 * Who may begin. A delivery that comes during a rest or a drain is held, not worked on, until the drain takes it
 * back: uncounted, where an error thrown by the handler would count as an attempt. What was begun before a rest may end:
 * its own time limit bounds it.
 */
class Gate {
  readonly #options: DurableOptions;
  closing = false;
  /** Handlers at work; held deliveries are not. */
  busy = 0;

  constructor(options: DurableOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.closing || this.why(this.#options.rest.now) !== undefined;
  }

  /** Why this consumer is to rest; undefined: it is not. */
  why({ maintenance, paused }: Resting): string | undefined {
    return paused ?? (this.#options.pauseInMaintenance ? maintenance : undefined);
  }

  /** When nothing is at work, or the rest is over before that. */
  async idle(abort: AbortSignal): Promise<void> {
    while (this.busy > 0 && this.closed) await pauseOrThrow(HELD_LOOK_MS, abort);
  }

  /** Lets the work in progress end, then hands back the rest, what is held included. */
  async handBack(consumption: Consumption, graceMs: number): Promise<void> {
    this.closing = true;
    const end = performance.now() + graceMs;
    while (this.busy > 0 && performance.now() < end) await Bun.sleep(IDLE_LOOK_MS);
    await consumption.drain(0);
  }
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
      if (!held || tries >= HELD_TRIES_MAX || isElsewhere(error.holderPid)) throw error;
      await pauseOrThrow(HELD_PAUSE_MS, options.stopping);
    }
  }
}

function isElsewhere(pid: number | undefined): boolean {
  return pid !== undefined && pid !== 0 && pid !== process.pid && isAlive(pid);
}

function handled(options: DurableOptions, gate: Gate, handler: Handler): Handler {
  const { trail, progress, spec, stopping } = options;
  const limitMs = spec.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS;
  return async (delivery) => {
    // Ends with the abort of a drain, or with the marker gone before anybody else saw it.
    while (gate.closed) await pauseOrThrow(HELD_LOOK_MS, delivery.abort);
    gate.busy += 1;
    trail.received(delivery, spec.name);
    const end = progress.begin(`the handler of ${delivery.signal.signal} ${delivery.signal.id}`, limitMs);
    try {
      return await handler(delivery);
    } catch (error) {
      if (!stopping.aborted || error !== stopping.reason) throw error;
    } finally {
      end();
      gate.busy -= 1;
    }
    // It gave way to the stop: held from now on, so the drain goes on at once.
    for (;;) await pauseOrThrow(HELD_LOOK_MS, delivery.abort);
  };
}
