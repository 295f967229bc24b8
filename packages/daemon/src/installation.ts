/**
 * Every path of an installation, derived from its two roots (DESIGN 2).
 *
 * Invariant: the same home gives the same paths in every process. What may differ between environments (state and
 * runtime directory) is settled by the order in `runtime_dir.ts`.
 */
import { dirname, join, resolve } from "node:path";
import { inspectHome, type HomeInspection } from "./home.ts";
import { ensurePrivateDir } from "./private_dir.ts";
import { chooseRuntimeDir, firstOf, readWhere, recordWhere, type RuntimeDirChoice } from "./runtime_dir.ts";
import type { Installation } from "./types.ts";

export interface InstallationRequest {
  readonly home: string;
  /** Default: `<home>/../src` in an existing installation, `<home>/src` otherwise. */
  readonly source?: string | undefined;
  readonly runtime?: string | undefined;
  readonly state?: string | undefined;
  readonly logs?: string | undefined;
  readonly busEndpoint?: string | undefined;
  readonly liveEndpoint?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid?: number;
}

export interface ResolvedInstallation {
  readonly paths: Installation;
  readonly inspection: HomeInspection;
  readonly runtimeChoice: RuntimeDirChoice;
}

/** Reads what is there, creates nothing. Throws when `home` is not a directory. */
export function resolveInstallation(request: InstallationRequest): ResolvedInstallation {
  const home = resolve(request.home);
  const inspection = inspectHome(home);
  const recorded = readWhere(home);
  const uid = request.uid ?? userId();
  const explicit = given(request.runtime);
  const runtimeChoice = chooseRuntimeDir({ home, explicit, env: request.env, recorded, uid });
  const state =
    given(request.state) ?? firstOf(request.env["STATE_DIRECTORY"]) ?? recorded?.state ?? join(home, "state");
  const logs = given(request.logs) ?? recorded?.logs ?? join(home, "logs");
  const legacy = inspection.kind === "legacy";
  const source = given(request.source) ?? (legacy ? join(dirname(home), "src") : join(home, "src"));
  const paths = layOut({
    home,
    source,
    state: resolve(state),
    logs,
    runtime: runtimeChoice.path,
    legacy,
    request,
  });
  return { paths, inspection, runtimeChoice };
}

function given(path: string | undefined): string | undefined {
  return path === undefined || path === "" ? undefined : resolve(path);
}

interface Roots {
  readonly home: string;
  readonly source: string;
  readonly state: string;
  readonly logs: string;
  readonly runtime: string;
  readonly legacy: boolean;
  readonly request: InstallationRequest;
}

function layOut({ home, source, state, logs, runtime, legacy, request }: Roots): Installation {
  const beside = legacy ? dirname(home) : home;
  return {
    home,
    source,
    state,
    runtime,
    logs,
    configFile: join(home, "kloros.toml"),
    intents: join(home, "intents"),
    intentsRejected: join(home, "intents", "rejected"),
    investigationsLog: join(home, "curiosity_investigations.jsonl"),
    semanticEvidence: join(home, "semantic_evidence.json"),
    semanticProcessed: join(home, "semantic_processed_investigations.jsonl"),
    integratedLog: join(home, "integrated_capabilities.jsonl"),
    failedSignals: join(home, "failed_signals.jsonl"),
    maintenanceMarker: join(home, "maintenance_mode"),
    registry: join(source, "registry", "capabilities.yaml"),
    journal: join(state, "journal.db"),
    busEndpoint: orElse(request.busEndpoint, `ipc://${join(runtime, "bus.sock")}`),
    liveEndpoint: orElse(request.liveEndpoint, `ipc://${join(runtime, "live.sock")}`),
    policies: join(home, "policies.yaml"),
    policyState: join(home, "policy_state.json"),
    decisionLog: join(state, "decisions.db"),
    paused: join(state, "paused"),
    promotions: join(home, "dream_lab", "promotions"),
    dreamConfig: join(source, "dream", "config", "dream.yaml"),
    dreamArtifacts: join(beside, "artifacts", "dream"),
    winnerState: join(home, "winner_deployer_state.json"),
    environmentFile: join(beside, ".kloros_env"),
  };
}

function orElse(text: string | undefined, otherwise: string): string {
  return text === undefined || text === "" ? otherwise : text;
}

/** 0 where the platform has no user ids. */
export function userId(): number {
  return process.getuid?.() ?? 0;
}

/** Creates state and runtime directory (0700). Throws with what to do. */
export function prepareInstallation(paths: Installation, uid: number = userId()): void {
  ensurePrivateDir(paths.state, uid);
  ensurePrivateDir(paths.runtime, uid);
}

/** Unix socket with health and metrics of one service. */
export function healthSocketPath(paths: Installation, service: string): string {
  return join(paths.runtime, `${service}.sock`);
}

/** Lock that keeps a second instance of one service out. */
export function instanceLockPath(paths: Installation, service: string): string {
  return join(paths.runtime, `${service}.lock`);
}

/** What the bus does once it stands: see `runtime_dir.ts`. */
export function announceInstallation(paths: Installation): void {
  const { runtime, state, logs } = paths;
  recordWhere(paths.home, { runtime, state, logs });
}
