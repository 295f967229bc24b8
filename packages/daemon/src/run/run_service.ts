/**
 * A service as a process: flags and configuration, single instance, log, health socket, systemd, signals, drain, exit
 * code. Everything that touches the process stands here; what the service does stands in `start_service.ts`.
 */
import type { TObject } from "@sinclair/typebox";
import { connectBus, DeniedError, type Bus } from "@kloros/bus-client";
import { FileLockHeldError } from "@kloros/file-lock";
import { parseFlags, UsageError, type Flags } from "../config/flags.ts";
import { loadConfig, type LoadedConfig } from "../config/load_config.ts";
import { printConfig } from "../config/print_config.ts";
import { ConfigError } from "../config/problem.ts";
import { exitCode, type ExitName } from "../exit_codes.ts";
import { serveHealth } from "../health/health_server.ts";
import { createHome } from "../home.ts";
import {
  announceInstallation,
  healthSocketPath,
  instanceLockPath,
  prepareInstallation,
  resolveInstallation,
  type ResolvedInstallation,
  userId,
} from "../installation.ts";
import { chooseFormat, createLog, goesToJournal, writeStdout, type KitLogger } from "../log/create_log.ts";
import { messageOf } from "../message_of.ts";
import { claimRuntimeDir } from "../runtime_claim.ts";
import { drainBoundMs } from "../running/drain.ts";
import { startService, type RunningService } from "../running/start_service.ts";
import { connectSupervisor, type Supervisor } from "../supervisor.ts";
import { systemClock } from "../system_clock.ts";
import type { Installation, Mode, Service } from "../types.ts";
import { KIT_VERSION } from "../version.ts";
import { helpText } from "./help_text.ts";
import { LastingLock, keepFound } from "./keep_found.ts";
import { beat, extendStart } from "./keep_supervised.ts";
import { listenForSignals } from "./process_signals.ts";
import { reload, type InForce } from "./reload.ts";

export interface RunOverrides {
  /** Without the program's name. Default: the process's. */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly version?: string;
  /** Default: `/etc/kloros/kloros.toml`. */
  readonly systemConfigFile?: string;
  /** Default: `connectBus` to the installation's bus. */
  readonly connect?: (paths: Installation, service: string) => Bus;
  /** Default: ends the process. */
  readonly exit?: (code: number) => void;
}

/** Runs until a signal or a failure ends it, then ends the process with a code of `EXIT_CODES`. */
export async function runService<Config extends TObject>(
  service: Service<Config>,
  overrides: RunOverrides = {},
): Promise<void> {
  const exit = overrides.exit ?? ((code: number) => process.exit(code));
  const env = overrides.env ?? process.env;
  const version = overrides.version ?? KIT_VERSION;
  const { name } = service.manifest;
  let loaded: LoadedConfig<Config>;
  let flags: Flags;
  try {
    flags = parseFlags(overrides.argv ?? process.argv.slice(2));
    if (flags.help || flags.version) {
      writeStdout(flags.help ? helpText(service.manifest) : `${name} ${version}\n`);
      return exit(exitCode("ok"));
    }
    loaded = readConfig(service, flags, { ...overrides, env });
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    return exit(exitCode(error instanceof UsageError ? "usage" : "config"));
  }
  if (flags.printConfig) {
    writeStdout(printConfig(loaded.effective, `${name} ${version}`));
    return exit(exitCode("ok"));
  }
  const read = (): LoadedConfig<Config> => readConfig(service, flags, { ...overrides, env });
  const end = await runLoaded(service, loaded, { ...overrides, env, version, exit, read });
  exit(exitCode(end));
}

type Env = Required<Pick<RunOverrides, "env">>;
type Given = RunOverrides &
  Env &
  Required<Pick<RunOverrides, "version" | "exit">> & { readonly read: () => LoadedConfig<TObject> };

function readConfig<Config extends TObject>(
  { manifest }: Service<Config>,
  flags: Flags,
  { env, cwd, systemConfigFile }: RunOverrides & Env,
): LoadedConfig<Config> {
  return loadConfig({
    service: manifest.name,
    schema: manifest.config,
    flags,
    env,
    cwd: cwd ?? process.cwd(),
    ...(systemConfigFile === undefined ? {} : { systemFile: systemConfigFile }),
  });
}

async function runLoaded<Config extends TObject>(
  service: Service<Config>,
  loaded: LoadedConfig<Config>,
  given: Given,
): Promise<ExitName> {
  const { name } = service.manifest;
  const { common } = loaded;
  const terminal = process.stdout.isTTY;
  const log = createLog({
    service: name,
    level: common.logLevel,
    format: chooseFormat(common.logFormat, terminal),
    colour: terminal && (given.env["NO_COLOR"] ?? "") === "",
    priorities: goesToJournal(given.env),
  });
  catchTheUncaught(log, given.exit);
  let installation: ResolvedInstallation;
  let lock: LastingLock;
  try {
    installation = openInstallation(loaded, given, log);
    lock = new LastingLock(instanceLockPath(installation.paths, name), name);
  } catch (error) {
    const held = error instanceof FileLockHeldError;
    log.fatal({ error, holder: held ? error.holder : undefined }, messageOf(error));
    return held ? "held" : "paths";
  }
  try {
    return await runLocked(service, loaded, installation, { ...given, log, lock });
  } finally {
    lock.release();
  }
}

/** Directories made and checked; a free home becomes ours. */
function openInstallation(loaded: LoadedConfig<TObject>, given: Given, log: KitLogger): ResolvedInstallation {
  const request = { ...loaded.common, home: loaded.home, env: given.env };
  let installation = resolveInstallation(request);
  const { kind } = installation.inspection;
  if (kind === "absent" || kind === "empty") {
    createHome(loaded.home, { version: given.version, nowMs: systemClock.wallMs() });
    log.info({ home: loaded.home }, "created a new home");
    installation = resolveInstallation(request);
  }
  const { tooLong, path } = installation.runtimeChoice;
  if (tooLong !== undefined) {
    log.warn(
      { wanted: tooLong, used: path },
      "the runtime directory is too long for socket paths; a short one is used",
    );
  }
  prepareInstallation(installation.paths);
  claimRuntimeDir(installation.paths.runtime, installation.paths.home);
  return installation;
}

async function runLocked<Config extends TObject>(
  service: Service<Config>,
  loaded: LoadedConfig<Config>,
  { paths, inspection }: ResolvedInstallation,
  given: Given & { readonly log: KitLogger; readonly lock: LastingLock },
): Promise<ExitName> {
  const { log, version, lock } = given;
  const { common } = loaded;
  const { name } = service.manifest;
  const mode = chooseMode(common.mode, inspection.kind === "own");
  const supervisor = connectSupervisor(given.env, log);
  const hasBus = service.kind !== "bus";
  log.info({ version, mode, home: paths.home, runtime: paths.runtime, why: inspection.why }, "starting");
  const connect = given.connect ?? connectToBus;
  const running = startService(service, {
    ...(hasBus ? { bus: connect(paths, name) } : {}),
    paths,
    config: loaded.service,
    mode,
    log,
    version,
    drainGraceMs: common.drainGraceMs,
    logSignalLinesMax: common.logSignalLinesMax,
    busAwayMaxMs: common.busAwayMaxMs,
    onStatus: (text) => {
      supervisor.status(text);
    },
  });
  return live(running, {
    paths,
    supervisor,
    log,
    lock,
    name,
    inForce: loaded,
    read: given.read,
    exit: given.exit,
    // A home of somebody else's is not written to while it is only observed.
    announces: !hasBus && (mode === "act" || inspection.kind === "own"),
  });
}

interface Surroundings {
  readonly paths: Installation;
  readonly supervisor: Supervisor;
  readonly log: KitLogger;
  readonly lock: LastingLock;
  readonly name: string;
  /** What it was started with. */
  readonly inForce: InForce;
  readonly read: () => LoadedConfig<TObject>;
  readonly exit: (code: number) => void;
  /** The bus writes down where it is. */
  readonly announces: boolean;
}

/** Health socket, lock and log, after the drain. */
const STOP_SLACK_MS = 3000;

async function live<Config extends TObject>(
  running: RunningService<Config>,
  around: Surroundings,
): Promise<ExitName> {
  const { log, supervisor, name } = around;
  let { inForce } = around;
  const signals = listenForSignals({
    terminal: process.stdin.isTTY || process.stdout.isTTY,
    onSecond: (signal) => {
      log.warn({ signal }, "a second signal: ending at once");
      around.exit(exitCode("interrupted"));
    },
    onReload: () => {
      supervisor.reloading();
      inForce = reload(inForce, { log, tune: (settings) => running.tune(settings), load: around.read });
      if (isReady) supervisor.ready();
    },
  });
  let isReady = false;
  const health = serveHealth(healthSocketPath(around.paths, name), running.health);
  const replaced = Promise.withResolvers<never>();
  const kept = keepFound({ ...around, health, uid: userId(), onReplaced: replaced.reject });
  const stops = [extendStart(supervisor)];
  const ready = running.started.then(() => {
    stops.splice(0).forEach((one) => {
      one.stop();
    });
    // Everybody else finds the bus by what it writes down; so it must stand first.
    if (around.announces) note(around);
    supervisor.ready();
    isReady = true;
    stops.push(beat(supervisor, running.progress, log));
    log.info({}, "ready");
  });
  const failed = Promise.race([replaced.promise, Promise.all([ready, running.failed])]);
  const end = await Promise.race([
    signals.first.then((signal) => ({ signal }) as const),
    failed.then(
      () => ({ signal: "stop" }) as const,
      (error: unknown) => ({ error }) as const,
    ),
  ]);
  const graceMs = inForce.common.drainGraceMs;
  if ("signal" in end) log.info({ signal: end.signal, graceMs }, "stopping: draining");
  else log.fatal({ error: end.error }, `cannot go on: ${messageOf(end.error)}`);
  supervisor.stopping();
  supervisor.extendTimeout(drainBoundMs(graceMs) + STOP_SLACK_MS);
  await running.stop(graceMs);
  for (const one of [...stops, kept]) one.stop();
  await health.stop();
  signals.forget();
  log.info({}, "stopped");
  if ("signal" in end) return "ok";
  if (end.error instanceof FileLockHeldError) return "held";
  return end.error instanceof DeniedError ? "unavailable" : "failed";
}

function note({ paths, log }: Surroundings): void {
  try {
    announceInstallation(paths);
  } catch (error) {
    log.warn(
      { error },
      "cannot write down where the bus is; other processes need the same --runtime to find it",
    );
  }
}

function connectToBus(paths: Installation, service: string): Bus {
  return connectBus({ endpoint: paths.busEndpoint, liveEndpoint: paths.liveEndpoint, service });
}

/** A home that this software did not create is only looked at, unless told otherwise. */
function chooseMode(wanted: "auto" | Mode, own: boolean): Mode {
  if (wanted !== "auto") return wanted;
  return own ? "act" : "observe";
}

function catchTheUncaught(log: KitLogger, exit: (code: number) => void): void {
  const report = (what: string) => (error: unknown) => {
    log.fatal({ error }, `${what}: ${messageOf(error)}`);
    exit(exitCode("crashed"));
  };
  process.on("uncaughtException", report("uncaught error"));
  process.on("unhandledRejection", report("unhandled rejection"));
}
