/**
 * The door of the daemon kit: a manifest (pure data) becomes a running service.
 *
 *   // services/x/src/main.ts
 *   import { runService } from "@kloros/daemon";
 *   import { service } from "./mod.ts";
 *   await runService(service);
 *
 * The kit owns what every daemon would otherwise repeat: flags and config, logs, signals of the process, drain,
 * single instance, sd-notify, health and metrics, observe and maintenance mode, the bus connection.
 */
import type { Static, TObject } from "@sinclair/typebox";
import type { Bus, ConsumeOptions, Delivery } from "@kloros/bus-client";
import type { Envelope, FactsOf, SignalDefinition } from "@kloros/signal-schema";

export interface Manifest<Config extends TObject = TObject> {
  /** Kebab-case, = folder name = `source` of its signals = name of its consumer. */
  readonly name: string;
  /** What it does, one sentence; shown by `kloros describe`. */
  readonly purpose: string;
  readonly consumes: readonly SignalDefinition[];
  readonly emits: readonly SignalDefinition[];
  /** Section `[name]` of kloros.toml; every property has a default and a description. */
  readonly config: Config;
  /** How it decides, in sentences; generated into docs/reference/services.md. */
  readonly decisions: readonly string[];
  /** Files and directories it reads and writes, by key of `Installation`; what its systemd unit must allow. */
  readonly reads: readonly (keyof Installation)[];
  readonly writes: readonly (keyof Installation)[];
}

/** Every path, derived from the two roots (DESIGN 2). Absolute. */
export interface Installation {
  readonly home: string;
  readonly source: string;
  /** Journal, decision log, service state. */
  readonly state: string;
  /** Sockets, pid files; ≤ 80 bytes so that every socket path stays ≤ 107. */
  readonly runtime: string;
  readonly logs: string;
  readonly configFile: string;
  readonly intents: string;
  readonly intentsRejected: string;
  readonly investigationsLog: string;
  readonly semanticEvidence: string;
  readonly semanticProcessed: string;
  readonly integratedLog: string;
  readonly failedSignals: string;
  readonly maintenanceMarker: string;
  readonly registry: string;
  readonly journal: string;
  readonly busEndpoint: string;
  readonly liveEndpoint: string;
  /** Rules of the policy engine. */
  readonly policies: string;
  readonly policyState: string;
  /** Every evaluation of a rule; a SQLite file of the policy engine. */
  readonly decisionLog: string;
  /** A file per service or rule that is paused. */
  readonly paused: string;
  /** Promotions that wait for a D-REAM cycle. */
  readonly promotions: string;
  readonly dreamConfig: string;
  /** D-REAM artifacts, winners, acks. */
  readonly dreamArtifacts: string;
  readonly winnerState: string;
  /** `.kloros_env`, the live configuration that winners are deployed to. */
  readonly environmentFile: string;
}

export type Mode = "act" | "observe";

export interface Clock {
  /** Wall clock, UTC ms. */
  wallMs(): number;
  /** Monotonic, ms; comparable within one process only. */
  monotonicMs(): number;
}

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A task that repeats. */
export interface Periodic {
  /** Runs it as soon as it is not running; many calls during one run lead to one more run. */
  trigger(): void;
  /** Resolves when no run is in progress; none starts afterwards. */
  stop(): Promise<void>;
}

export interface ServiceContext<Config extends TObject = TObject> {
  readonly manifest: Manifest<Config>;
  readonly config: Static<Config>;
  readonly paths: Installation;
  readonly mode: Mode;
  readonly log: Logger;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly bus: Bus;
  /** Version of this software. */
  readonly version: string;
  /**
   * Aborted when the service is asked to stop. A handler may give way to it: one that rejects with its reason is handed back
   * at once, and the attempt does not count. Any other may go on for the grace of the drain.
   */
  readonly stopping: AbortSignal;
  /** The service cannot go on (its journal broke): logged as fatal, cleaned up, exits with a failure, so that it is started again. */
  fail(error: unknown): void;

  /**
   * Builds a root signal of this service. `idKey`: deriving the id from it makes a repeated publish harmless; pass the
   * content's own time with it (`timestampMs`), or the repetition counts as a conflict because its timestamp differs.
   */
  root<D extends SignalDefinition>(
    definition: D,
    facts: FactsOf<D>,
    options?: { readonly idKey?: string; readonly timestampMs?: number },
  ): Envelope;
  /** Builds a signal caused by a delivery, with a derived id: same parent + key → same id. */
  child<D extends SignalDefinition>(
    delivery: Delivery,
    definition: D,
    facts: FactsOf<D>,
    effectKey?: string,
  ): Envelope;
  /** Publishes, waiting with backoff while the bus is away or busy; in observe mode shows on the live feed only, marked dry. */
  publish(signals: readonly Envelope[]): Promise<void>;
  /**
   * Consumes as this service. In observe mode the handler still runs with `mode: "observe"` and must not change anything;
   * what it emits is shown, not stored, and the consumer is attached under no durable name (a tap).
   * Logs each receipt and emission, counts, and keeps the watchdog informed of progress.
   */
  consume(
    options: Omit<ConsumeOptions, "name" | "signals"> & {
      readonly signals: readonly SignalDefinition[];
      /** Second and further consumers of one service: the durable name becomes `<service>/<purpose>`. */
      readonly purpose?: string;
      /**
       * Takes no deliveries while maintenance mode is on: waiting ones stay in the journal, without a lease and
       * without an attempt counted; what was begun may end. Prefer it to `notInMaintenance()` inside a handler, whose
       * time limit runs on. A service that is paused by name rests so with all its consumers, whatever stands here.
       */
      readonly pauseInMaintenance?: boolean;
    },
    handler: (
      delivery: Delivery,
    ) => Promise<{ readonly emit?: readonly Envelope[]; readonly state?: unknown } | undefined>,
  ): Promise<void>;
  /** Runs `task` now and then `intervalMs` after each end, never two at once; errors are logged and counted. `trigger()` runs it sooner. */
  every(name: string, intervalMs: number, task: () => Promise<void>): Periodic;
  /**
   * Resolves when maintenance mode is off and this service is not paused (at once when so). Waits, drops nothing. Rejects
   * when the service stops or `abort` fires.
   */
  notInMaintenance(options?: { readonly abort?: AbortSignal }): Promise<void>;
  /** A reason not to be ready or healthy; undefined: fine. Asked by /readyz and /healthz. */
  health(name: string, check: () => string | undefined): void;
  /** Prometheus-style counter or gauge, shown at /metrics; names get the prefix `kloros_`. */
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
}

export interface Service<Config extends TObject = TObject> {
  readonly manifest: Manifest<Config>;
  /** `bus`: this is the bus itself; it gets no connection to one and touching `context.bus` throws. Default `client`. */
  readonly kind?: "client" | "bus";
  /** Sets everything up and returns; READY is sent when it has resolved and the bus is connected. May return its own clean-up. */
  start(context: ServiceContext<Config>): Promise<void | (() => Promise<void>)>;
}
