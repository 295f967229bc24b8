export type {
  Clock,
  Installation,
  Logger,
  Manifest,
  Mode,
  Periodic,
  Service,
  ServiceContext,
} from "./types.ts";

export { runService } from "./run/run_service.ts";
export type { RunOverrides } from "./run/run_service.ts";
export { startService } from "./running/start_service.ts";
export type { RunningService, StartOptions } from "./running/start_service.ts";
export { describeManifest } from "./describe_manifest.ts";
export type { ServiceDescription, SettingDescription, SignalSummary } from "./describe_manifest.ts";
export { EXIT_CODES, exitCode } from "./exit_codes.ts";
export type { ExitName } from "./exit_codes.ts";

export { createHome, HOME_MARKER, inspectHome, readHomeMarker } from "./home.ts";
export type { CreateHomeOptions, HomeInspection, HomeKind } from "./home.ts";
export {
  healthSocketPath,
  instanceLockPath,
  prepareInstallation,
  resolveInstallation,
} from "./installation.ts";
export type { InstallationRequest, ResolvedInstallation } from "./installation.ts";
export { locateInstallation } from "./locate.ts";
export { lockInstance } from "./lock_instance.ts";
export type { InstanceLock } from "./lock_instance.ts";
export type { Located, LocateOptions } from "./locate.ts";
export { loadConfig } from "./config/load_config.ts";
export type { EffectiveSetting } from "./config/load_config.ts";
export { ConfigError, formatProblem } from "./config/problem.ts";
export { nearestName } from "./config/nearest_name.ts";
export type { ConfigProblem } from "./config/problem.ts";

export { createLog } from "./log/create_log.ts";
export type { KitLogger, LogLevel, LogOptions } from "./log/create_log.ts";
export { redact } from "./secret_names.ts";
export { pause } from "./pause.ts";
export {
  listPauses,
  readMaintenance,
  readPause,
  removeMaintenance,
  removePause,
  rulePauseName,
  writeMaintenance,
  writePause,
} from "./rest/pauses.ts";
export type { AtMoment, Pause } from "./rest/pauses.ts";
export type { MarkerText, RestNote } from "./rest/marker.ts";
export { maintenanceText, pauseText } from "./rest/rest_text.ts";
export { systemClock } from "./system_clock.ts";
export { monotonicMicroseconds } from "./monotonic_microseconds.ts";
export { machineBoot } from "./machine_boot.ts";
export { ageText } from "./age_text.ts";
export { drainBoundMs } from "./running/drain.ts";

export { writeFileAtomic } from "./files/write_file_atomic.ts";
export type { WriteFileAtomicOptions } from "./files/write_file_atomic.ts";
export { RotatingLog } from "./files/rotating_log.ts";
export { readBounded } from "./files/read_bounded.ts";
export { fileIdentity } from "./files/file_identity.ts";
export { syncDirectory, syncFile } from "./files/sync_path.ts";
export { whileLocked } from "./files/while_locked.ts";
export type { WhileLockedOptions } from "./files/while_locked.ts";
export { errorCode } from "./error_code.ts";
export { messageOf } from "./message_of.ts";
export { appendOnce, findAppended } from "./ledger/append_once.ts";
export type { AppendOnceOptions, AppendOnceResult } from "./ledger/append_once.ts";
export { planAppend, readAppendPlan } from "./ledger/append_plan.ts";
export type { AppendPlan } from "./ledger/append_plan.ts";
export { CRASH_POINTS, crashPoint } from "./ledger/crash_point.ts";
export type { CrashPoint } from "./ledger/crash_point.ts";
export { createStamps, localNaiveIso } from "./ledger/local_time.ts";
