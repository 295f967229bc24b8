/**
 * A service in this process: its context, its life from start to drain. Knows nothing of the process around it (signals,
 * exit codes, locks, systemd): that is `run_service.ts`. Tests start services through this, over a local bus.
 */
import type { Static, TObject } from "@sinclair/typebox";
import { DeniedError, type Bus } from "@kloros/bus-client";
import type { HealthSources, Reasons } from "../health/health_server.ts";
import { Metrics } from "../health/metrics.ts";
import { observeProcess } from "../health/process_metrics.ts";
import { createLog, type KitLogger } from "../log/create_log.ts";
import { createSignalLog, type SignalLog } from "../log/signal_log.ts";
import { watchRest, type Rest } from "../rest/watch_rest.ts";
import { systemClock } from "../system_clock.ts";
import type { Clock, Installation, Mode, Periodic, Service, ServiceContext } from "../types.ts";
import type { DurableConsumer } from "./consume_durable.ts";
import { trackActivity } from "./activity.ts";
import { createContext } from "./create_context.ts";
import { drain } from "./drain.ts";
import { noBus } from "./no_bus.ts";
import { trackProgress, type Progress } from "./progress.ts";
import { leaveTrail, type SignalTrail } from "./signal_counts.ts";
import { NOTHING_TO_SAY, StatusLine } from "./status_line.ts";

export interface StartOptions<Config extends TObject> {
  /** Needed unless the service is the bus itself. Closed by `stop`. */
  readonly bus?: Bus;
  readonly paths: Installation;
  readonly config: Static<Config>;
  /** Default `act`. */
  readonly mode?: Mode;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Default: silent. */
  readonly log?: KitLogger;
  readonly version?: string;
  readonly drainGraceMs?: number;
  readonly logSignalLinesMax?: number;
  /** 0: for ever. Default 0. */
  readonly busAwayMaxMs?: number;
  /** How often markers of maintenance and pause are looked for, ms. */
  readonly restPollMs?: number;
  readonly onStatus?: (text: string) => void;
}

export interface RunningService<Config extends TObject = TObject> {
  readonly context: ServiceContext<Config>;
  /** Resolves when `start` has resolved, the bus is connected and every consumer is attached. Rejects when it cannot. */
  readonly started: Promise<void>;
  /** Rejects when it cannot go on (the bus refused it for good). Never resolves before `stop`. */
  readonly failed: Promise<void>;
  readonly health: HealthSources;
  readonly metrics: Metrics;
  readonly progress: Progress;
  /** Takes over what may change while it runs. */
  tune(settings: Tuning): void;
  /** Stops taking, lets work in progress end within the grace, hands back the rest, closes the bus. May be called twice. */
  stop(graceMs?: number): Promise<void>;
}

export interface Tuning {
  readonly logSignalLinesMax: number;
  readonly busAwayMaxMs: number;
}

/** What the parts of one running service share. */
export interface Core {
  readonly name: string;
  readonly bus: Bus;
  readonly hasBus: boolean;
  readonly mode: Mode;
  readonly log: KitLogger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly signalLog: SignalLog;
  readonly trail: SignalTrail;
  readonly progress: Progress;
  readonly rest: Rest;
  readonly drainGraceMs: number;
  /** Asked to stop. */
  readonly stopping: AbortController;
  /** The grace is over. */
  readonly cutOff: AbortController;
  readonly consumers: Set<DurableConsumer>;
  readonly closers: Set<() => Promise<void>>;
  readonly periodics: Set<Periodic>;
  /** Attachments under way: READY waits for them also when the service does not. */
  readonly attaching: Set<Promise<void>>;
  readonly checks: Map<string, () => string | undefined>;
  /** Publishers that wait, with why. */
  readonly waiting: Map<symbol, string>;
  readonly status: StatusLine;
  readonly fail: (error: unknown) => void;
}

const STARTING = "starting";
const DRAIN_GRACE_MS = 10_000;
const SIGNAL_LINES_MAX = 50;
const FLUSH_MS = 5000;

export function startService<Config extends TObject>(
  service: Service<Config>,
  options: StartOptions<Config>,
): RunningService<Config> {
  const failure = Promise.withResolvers<void>();
  failure.promise.catch(() => undefined);
  const core = createCore(service, options, failure.reject);
  const context = createContext(core, service.manifest, options);
  const cleanups: (() => Promise<void>)[] = [];
  const flushing = setInterval(() => {
    core.signalLog.flush();
    // Its age moves on.
    core.status.tell();
  }, FLUSH_MS);

  async function start(): Promise<void> {
    const cleanup = await service.start(context);
    if (typeof cleanup === "function") cleanups.push(cleanup);
    while (core.attaching.size > 0) await Promise.all(core.attaching);
    if (core.hasBus) await connected(core);
    if (core.status.own === STARTING) context.status(NOTHING_TO_SAY);
  }

  let stopped: Promise<void> | undefined;
  const started = start();
  started.catch(() => undefined);
  return {
    context,
    started,
    failed: failure.promise,
    metrics: core.metrics,
    progress: core.progress,
    health: healthOf(core, started, options.version ?? "0.0.0"),
    tune: ({ logSignalLinesMax, busAwayMaxMs }) => {
      core.signalLog.allow(logSignalLinesMax);
      core.progress.tolerate(busAwayMaxMs);
    },
    stop: async (graceMs = core.drainGraceMs) => {
      stopped ??= drain(core, cleanups, graceMs).finally(() => {
        clearInterval(flushing);
        failure.resolve();
      });
      return stopped;
    },
  };
}

function createCore<Config extends TObject>(
  service: Service<Config>,
  options: StartOptions<Config>,
  fail: (error: unknown) => void,
): Core {
  const { name } = service.manifest;
  const hasBus = service.kind !== "bus";
  if (hasBus && options.bus === undefined) throw new Error(`${name} needs a bus to start`);
  const bus = options.bus ?? noBus(name);
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog({ service: name, level: "silent", format: "json" });
  const metrics = new Metrics();
  const signalLog = createSignalLog({ log, clock, linesMax: options.logSignalLinesMax ?? SIGNAL_LINES_MAX });
  observeProcess(metrics, clock);
  const stopping = new AbortController();
  const mode = options.mode ?? "act";
  const consumers = new Set<DurableConsumer>();
  const activity = trackActivity(clock, () => [...consumers].reduce((sum, one) => sum + one.active, 0));
  const rest = watchRest({
    paths: options.paths,
    // The bus carries what everybody else waits for: it never rests.
    service: hasBus ? name : undefined,
    mode,
    clock,
    log,
    stopping: stopping.signal,
    pollMs: options.restPollMs,
  });
  const core: Core = {
    name,
    bus,
    hasBus,
    mode,
    log,
    clock,
    random: options.random ?? Math.random,
    metrics,
    signalLog,
    trail: leaveTrail({ metrics, signalLog, log, activity }),
    progress: trackProgress({
      clock,
      bus: hasBus ? bus : undefined,
      busAwayMaxMs: options.busAwayMaxMs ?? 0,
    }),
    rest,
    drainGraceMs: options.drainGraceMs ?? DRAIN_GRACE_MS,
    stopping,
    cutOff: new AbortController(),
    consumers,
    closers: new Set(),
    periodics: new Set(),
    attaching: new Set(),
    checks: new Map(),
    waiting: new Map(),
    status: new StatusLine(STARTING, options.onStatus ?? (() => undefined), rest, {
      waits: () => (hasBus && bus.state === "connecting" ? "waits for the bus" : undefined),
      activity: () => activity.text,
    }),
    fail,
  };
  if (hasBus) followBus(core);
  followRest(core);
  return core;
}

function followBus(core: Core): void {
  core.metrics.describe("bus_connected", "gauge", "1 while the bus is connected.");
  core.metrics.collect(() => {
    core.metrics.gauge("bus_connected", core.bus.state === "connected" ? 1 : 0);
    core.metrics.gauge("publishers_waiting", core.waiting.size);
  });
  core.bus.onState((state, why) => {
    core.log.info({ state, why }, `bus: ${state}`);
    core.status.tell();
    if (state === "closed" && !core.stopping.signal.aborted)
      core.fail(new DeniedError("closed", `the bus ended the connection: ${why}`));
  });
}

function followRest({ rest, status, metrics, log }: Core): void {
  metrics.describe(
    "resting",
    "gauge",
    "1 while the service is paused, or waits for maintenance mode to end.",
  );
  metrics.collect(() => {
    metrics.gauge("resting", Object.keys(status.resting).length > 0 ? 1 : 0);
  });
  rest.onChange(({ maintenance, paused }) => {
    const why = paused ?? maintenance;
    log.info({ maintenance, paused }, why ?? "neither paused nor in maintenance mode any more");
    status.tell();
  });
}

async function connected(core: Core): Promise<void> {
  if (core.bus.state === "connected") return;
  await new Promise<void>((resolve, reject) => {
    const forget = core.bus.onState((state) => {
      if (state === "connecting") return;
      forget();
      if (state === "connected") resolve();
      else reject(new Error("the bus connection was closed before it stood"));
    });
    core.stopping.signal.addEventListener("abort", () => {
      forget();
      reject(core.stopping.signal.reason as Error);
    });
  });
}

function healthOf(core: Core, started: Promise<void>, version: string): HealthSources {
  let phase = "starting";
  started.then(
    () => (phase = "started"),
    () => (phase = "failed to start"),
  );
  const checked = (): Reasons => {
    const reasons = [...core.checks].flatMap(([name, check]) => {
      const reason = check();
      return reason === undefined ? [] : [[name, reason] as const];
    });
    return Object.fromEntries(reasons);
  };
  const progress = (): Reasons => (core.progress.last === undefined ? {} : { progress: core.progress.last });
  return {
    healthz: () => ({ ...checked(), ...progress() }),
    readyz: () => ({ ...checked(), ...progress(), ...notReady(core, phase) }),
    metrics: () => core.metrics.render(),
    about: () => ({
      service: core.name,
      version,
      pid: process.pid,
      mode: core.mode,
      phase,
      status: core.status.text,
    }),
  };
}

function notReady(core: Core, phase: string): Reasons {
  const [waiting] = core.waiting.values();
  return {
    ...(phase === "started" ? {} : { start: phase }),
    ...(core.stopping.signal.aborted ? { stop: "stopping" } : {}),
    ...(core.hasBus && core.bus.state !== "connected" ? { bus: `the bus is ${core.bus.state}` } : {}),
    ...(waiting === undefined ? {} : { publish: `waits: ${waiting}` }),
    ...core.status.resting,
  };
}
