/** For services' tests: a bus over a journal in memory, a home of its own, and a service started between them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { openLocalBus, type Bus } from "@kloros/bus-client";
import { Broker } from "@kloros/journal";
import { createHome } from "./home.ts";
import { prepareInstallation, resolveInstallation } from "./installation.ts";
import { createLog, type KitLogger } from "./log/create_log.ts";
import { startService, type RunningService, type StartOptions } from "./running/start_service.ts";
import { systemClock } from "./system_clock.ts";
import type { Installation, Service } from "./types.ts";

export interface TestBus {
  readonly broker: Broker;
  /** A connection of its own for each service, and for the test: any service's name may be used. */
  connect(service: string): Bus;
  close(): Promise<void>;
}

/** A bus in this process, its journal in memory unless given a file. */
export function openTestBus(options: { readonly path?: string } = {}): TestBus {
  const broker = new Broker({ path: options.path ?? ":memory:" });
  const buses: Bus[] = [];
  return {
    broker,
    connect: (service) => {
      const bus = openLocalBus({ broker, service });
      buses.push(bus);
      return bus;
    },
    close: async () => {
      for (const bus of buses) await bus.close();
      broker.close();
    },
  };
}

export interface TestHome {
  readonly home: string;
  readonly paths: Installation;
  remove(): void;
}

/** A home under the system's temporary directory, created as ours. `source`: default `<home>/src`. */
export function makeTestHome(options: { readonly source?: string } = {}): TestHome {
  const home = mkdtempSync(join(tmpdir(), "kloros-test-"));
  createHome(home, { version: "0.0.0-test", nowMs: systemClock.wallMs() });
  const { paths } = resolveInstallation({ home, source: options.source, env: {} });
  prepareInstallation(paths);
  return {
    home,
    paths,
    remove: () => {
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export type LogRecord = Readonly<Record<string, unknown>>;

/** A log that keeps its records. */
export function recordingLog(service: string): { readonly log: KitLogger; readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const write = (line: string): void => {
    records.push(JSON.parse(line) as LogRecord);
  };
  return { log: createLog({ service, level: "debug", format: "json", write }), records };
}

export interface StartForTestOptions<Config extends TObject> extends Omit<
  Partial<StartOptions<Config>>,
  "config"
> {
  /** Default: one of its own, closed by `stop`. */
  readonly testBus?: TestBus;
  /** Default: a new one, removed by `stop`. */
  readonly testHome?: TestHome;
  /** What differs from the defaults of the schema. */
  readonly config?: Partial<Static<Config>>;
}

export interface TestService<Config extends TObject> extends RunningService<Config> {
  readonly testBus: TestBus;
  readonly testHome: TestHome;
  readonly paths: Installation;
  readonly records: readonly LogRecord[];
}

/** Starts a service as the kit would and resolves when it is ready. `stop()` drains it and takes away what was made for it. */
export async function startForTest<Config extends TObject>(
  service: Service<Config>,
  options: StartForTestOptions<Config> = {},
): Promise<TestService<Config>> {
  const { testBus = openTestBus(), testHome = makeTestHome(), config, ...rest } = options;
  const { log, records } = recordingLog(service.manifest.name);
  const paths = options.paths ?? testHome.paths;
  const running = startService(service, {
    ...(service.kind === "bus" ? {} : { bus: testBus.connect(service.manifest.name) }),
    log,
    restPollMs: 10,
    ...rest,
    paths,
    config: configFor(service.manifest.config, config),
  });
  async function stop(graceMs?: number): Promise<void> {
    await running.stop(graceMs);
    if (options.testBus === undefined) await testBus.close();
    if (options.testHome === undefined) testHome.remove();
  }
  try {
    await running.started;
  } catch (error) {
    await stop(0);
    throw error;
  }
  return { ...running, testBus, testHome, paths, records, stop };
}

/** The defaults of a schema with some values in their place; throws when the result does not fit it. */
export function configFor<Config extends TObject>(
  schema: Config,
  given: Partial<Static<Config>> = {},
): Static<Config> {
  return Value.Decode<Config, Static<Config>>(schema, Value.Default(schema, { ...given }));
}

export { handlerContext } from "./testing/handler_context.ts";
export type { HandlerContext, HandlerContextOptions } from "./testing/handler_context.ts";
export { openNotifySocket } from "./testing/notify_socket.ts";
export type { NotifySocket } from "./testing/notify_socket.ts";
export { until } from "./testing/until.ts";
