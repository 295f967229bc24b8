/** What a service gets to work with. */
import type { TObject } from "@sinclair/typebox";
import type { ConsumeOptions, Delivery } from "@kloros/bus-client";
import { createChild, createRoot, deriveRootId, type Envelope } from "@kloros/signal-schema";
import { KIT_VERSION } from "../version.ts";
import type { Manifest, ServiceContext } from "../types.ts";
import { consumeDurable } from "./consume_durable.ts";
import { consumeObserving } from "./consume_observing.ts";
import { observedBus, showDry } from "./observed_bus.ts";
import { startPeriodic } from "./periodic.ts";
import { publishWaiting } from "./publish_waiting.ts";
import type { Core, StartOptions } from "./start_service.ts";

type Consume = ServiceContext["consume"];

export function createContext<Config extends TObject>(
  core: Core,
  manifest: Manifest<Config>,
  options: StartOptions<Config>,
): ServiceContext<Config> {
  /** Which consumer a delivery came to: part of what a child's id is derived from. */
  const consumerOf = new WeakMap<Delivery, string>();
  const observing = core.mode === "observe";
  const bus = observing && core.hasBus ? observedBus(core.bus, core.trail) : core.bus;
  return {
    manifest,
    config: options.config,
    paths: options.paths,
    mode: core.mode,
    log: core.log,
    clock: core.clock,
    random: core.random,
    bus,
    stopping: core.stopping.signal,
    version: options.version ?? KIT_VERSION,
    fail: core.fail,
    root: (definition, facts, { idKey, timestampMs } = {}) => {
      const nowMs = timestampMs ?? core.clock.wallMs();
      // Without a time of its own, the id must not depend on when it is built.
      const id =
        idKey === undefined ? {} : { id: deriveRootId(timestampMs ?? 0, core.name, definition.name, idKey) };
      return createRoot(definition, facts, { source: core.name, nowMs, ...id });
    },
    child: (delivery, definition, facts, effectKey) =>
      createChild(delivery.signal, definition, facts, {
        source: core.name,
        consumer: consumerOf.get(delivery) ?? core.name,
        nowMs: core.clock.wallMs(),
        ...(effectKey === undefined ? {} : { effectKey }),
      }),
    publish: async (signals) => {
      if (observing) showDry(core.bus, core.trail, signals);
      else await publish(core, signals);
    },
    consume: async (consume, handler) => {
      const name = consume.purpose === undefined ? core.name : `${core.name}/${consume.purpose}`;
      const marked: typeof handler = async (delivery) => {
        consumerOf.set(delivery, name);
        return handler(delivery);
      };
      const attached = attach(core, consume, marked, name);
      core.attaching.add(attached);
      // Removed only when it stands: a failure that the service does not look at is found by the start.
      return attached.then(() => {
        core.attaching.delete(attached);
      });
    },
    every: (name, intervalMs, task) => startTask(core, name, intervalMs, task),
    notInMaintenance: async ({ abort } = {}) => {
      const stop =
        abort === undefined ? core.stopping.signal : AbortSignal.any([abort, core.stopping.signal]);
      core.status.mindMaintenance();
      await core.rest.until(({ maintenance, paused }) => (maintenance ?? paused) === undefined, stop);
    },
    health: (name, check) => {
      core.checks.set(name, check);
    },
    count: (name, labels, by) => {
      core.metrics.count(name, labels, by);
    },
    gauge: (name, value, labels) => {
      core.metrics.gauge(name, value, labels);
    },
    status: (text) => {
      core.status.own = text;
    },
  };
}

async function attach(
  core: Core,
  consume: Parameters<Consume>[0],
  handler: Parameters<Consume>[1],
  name: string,
): Promise<void> {
  const { signals, purpose: _, pauseInMaintenance, ...others } = consume;
  const spec: ConsumeOptions = { ...others, name, signals: signals.map((one) => one.name) };
  const { bus, trail, metrics, log, progress, rest, drainGraceMs } = core;
  const stopping = core.stopping.signal;
  if (core.mode === "observe") {
    const tap = await consumeObserving({ bus, spec, trail, metrics, log, stopping }, handler);
    core.closers.add(async () => tap.close());
    return;
  }
  if (pauseInMaintenance === true) core.status.mindMaintenance();
  const consumer = await consumeDurable(
    {
      bus,
      spec,
      pauseInMaintenance: pauseInMaintenance ?? false,
      rest,
      trail,
      progress,
      log,
      stopping,
      drainGraceMs,
      onRefused: core.fail,
    },
    handler,
  );
  core.consumers.add(consumer);
}

async function publish(core: Core, signals: readonly Envelope[]): Promise<void> {
  const key = Symbol("publish");
  try {
    await publishWaiting(core.bus, signals, {
      random: core.random,
      abort: core.cutOff.signal,
      onStored: (signal, status) => {
        core.trail.emitted(signal, status);
      },
      onConflict: (signal, text) => {
        core.metrics.count("publish_conflicts_total", { signal: signal.signal });
        core.log.warn(
          { signal: signal.signal, id: signal.id, text },
          "the first signal of this id stays; ours differs",
        );
      },
      onWait: (why, attempt) => {
        core.waiting.set(key, why);
        core.metrics.count("publish_retries_total");
        if (attempt === 1) core.log.warn({ why, signals: signals.length }, "publishing waits");
      },
    });
  } finally {
    core.waiting.delete(key);
  }
}

function startTask(core: Core, name: string, intervalMs: number, task: () => Promise<void>) {
  const periodic = startPeriodic(task, {
    intervalMs,
    onError: (error) => {
      if (core.stopping.signal.aborted) core.log.debug({ task: name, error }, "task ended by the stop");
      else core.log.error({ task: name, error }, "task failed; it runs again");
    },
    onEnd: (ok) => {
      core.metrics.count("task_runs_total", { task: name, outcome: ok ? "ok" : "failed" });
    },
  });
  core.periodics.add(periodic);
  return periodic;
}
