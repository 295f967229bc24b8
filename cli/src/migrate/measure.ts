/** Measures what the criteria are judged by. What cannot be measured is said to be unknown, and why. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bus } from "@kloros/bus-client";
import { healthSocketPath, messageOf, monotonicMicroseconds } from "@kloros/daemon";
import { reachBus } from "../bus_access.ts";
import { askAlerts } from "../status/alerts.ts";
import { askService } from "../status/ask_service.ts";
import { unitName } from "../units/service_unit.ts";
import { errorLines } from "./error_lines.ts";
import type { Known, Latencies, Measured, ServiceLook } from "./measured.ts";
import type { Migration } from "./open_migration.ts";
import { MIGRATED, type Migrated, type Role, roleAt } from "./phases.ts";
import { askMetrics, sumOf } from "./service_metrics.ts";

/** `sinceMs`: when the phase began. */
export async function measurePhase(migration: Migration, sinceMs: number, nowMs: number): Promise<Measured> {
  const { place, state, divided } = migration;
  const { paths } = place;
  const services = await Promise.all(
    MIGRATED.map((name) =>
      lookAt(migration, name, { role: roleAt(name, state.position, divided) ?? "waits", sinceMs, nowMs }),
    ),
  );
  const running = services.filter(({ role }) => role !== "waits").map(({ name }) => name);
  const [errors, audit, translated, cpuPercent, ofBus] = await Promise.all([
    attempt(() => errorLines(migration.systemctl.mode, running.map(unitName), sinceMs)),
    attempt(() => auditDifferences(paths.journal)),
    attempt(() => askTranslated(healthSocketPath(paths, "intent-router"))),
    attempt(() => cpuOf(migration, running)),
    measureBus(migration, sinceMs, nowMs),
  ]);
  const waiting = waitingIntents(paths.intents, nowMs);
  const rate = await attempt(() => integrationRate(paths.integratedLog, sinceMs, nowMs));
  return { services, errors, audit, translated, cpuPercent, waiting, rate, ...ofBus };
}

async function attempt<T>(work: () => T | Promise<T>): Promise<Known<T>> {
  try {
    return { known: await work() };
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

interface LookOptions {
  readonly role: Role;
  readonly sinceMs: number;
  readonly nowMs: number;
}

async function lookAt(
  { systemctl, place }: Migration,
  name: Migrated,
  { role, sinceMs, nowMs }: LookOptions,
): Promise<ServiceLook> {
  const said = await systemctl.show(unitName(name), ["ActiveState", "NRestarts", MONOTONIC]);
  const startedMs = nowMs - (Number(monotonicMicroseconds() ?? 0) - Number(said[MONOTONIC])) / 1000;
  const { mode, state, reasons } = await askService(name, healthSocketPath(place.paths, name));
  const why = Object.entries(reasons).map(([check, text]) => `${check}: ${text}`);
  const notReady = state === "not_ready" ? why.join(", ") || "it does not say why" : "";
  // systemd counts over all phases: what was started last before this one was not started again in it.
  const restarts = startedMs >= sinceMs ? Number(said.NRestarts) : 0;
  return { name, role, active: said.ActiveState, mode, notReady, restarts };
}

const MONOTONIC = "ActiveEnterTimestampMonotonic";

async function auditDifferences(journal: string): Promise<number> {
  const { auditJournal } = await import("@kloros/journal");
  const report = await auditJournal(journal);
  return report.differences.length + report.damaged.length;
}

async function askTranslated(socket: string) {
  const metrics = await askMetrics(socket);
  return {
    signals: sumOf(metrics, "kloros_signals_dry_total"),
    wouldReject: sumOf(metrics, "kloros_intents_would_reject_total"),
  };
}

/** Of what each says about itself, since it started. */
async function cpuOf({ place }: Migration, names: readonly Migrated[]): Promise<number> {
  const shares = names.map(async (name) => {
    const metrics = await askMetrics(healthSocketPath(place.paths, name));
    const uptime = sumOf(metrics, "kloros_uptime_seconds");
    return uptime === 0 ? 0 : sumOf(metrics, "kloros_process_cpu_seconds_total") / uptime;
  });
  return 100 * (await Promise.all(shares)).reduce((sum, share) => sum + share, 0);
}

function waitingIntents(directory: string, nowMs: number): Measured["waiting"] {
  const ages = namesIn(directory)
    .filter((name) => name.endsWith(".json") && !name.startsWith("."))
    .flatMap((name) => {
      const found = statSync(join(directory, name), { throwIfNoEntry: false });
      return found === undefined ? [] : [nowMs - found.mtimeMs];
    });
  return { count: ages.length, oldestMs: ages.reduce((oldest, age) => Math.max(oldest, age), 0) };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Local times without a zone, as all writers of this log write them. */
function integrationRate(log: string, sinceMs: number, nowMs: number) {
  if (statSync(log, { throwIfNoEntry: false }) === undefined) return { since: 0, before: 0 };
  const moments = readFileSync(log, "utf8")
    .split("\n")
    .flatMap((line) => /"integrated_at": ?"([^"]+)"/.exec(line)?.[1] ?? [])
    .map((text) => Date.parse(text));
  const from = sinceMs - (nowMs - sinceMs);
  return {
    since: moments.filter((at) => at >= sinceMs).length,
    before: moments.filter((at) => at >= from && at < sinceMs).length,
  };
}

type OfBus = Pick<Measured, "deadLetters" | "latency" | "integrated" | "advisories" | "critical" | "dream">;

async function measureBus({ place }: Migration, sinceMs: number, nowMs: number): Promise<OfBus> {
  const answer = await reachBus(place);
  if (answer.kind === "away") {
    const away = { unknown: `the bus does not answer: ${answer.why}` };
    return {
      deadLetters: away,
      latency: away,
      integrated: away,
      advisories: away,
      critical: away,
      dream: away,
    };
  }
  const { bus } = answer;
  try {
    const integratedLog = place.paths.integratedLog;
    return {
      deadLetters: await attempt(async () => {
        const letters = await bus.admin("deadLetters", { since: sinceMs, limit: READ_MAX });
        return letters.filter(({ state }) => state === "dead").length;
      }),
      latency: await attempt(() => latencyOf(bus, sinceMs)),
      integrated: await attempt(() => integrationsOf(bus, sinceMs, integratedLog)),
      advisories: await attempt(async () => (await saidSince(bus, ADVISORIES, sinceMs)).length),
      critical: await attempt(async () => criticalOf(await askAlerts(bus, nowMs))),
      dream: await attempt(() => dreamOf(bus, sinceMs, nowMs)),
    };
  } finally {
    await bus.close();
  }
}

const READ_MAX = 1000;
const ADVISORIES = ["Q_PROMOTIONS_DETECTED", "Q_MODULE_DISCOVERED", "Q_HEALTH_ALERT"];
/** The deadline of a trigger. */
const CYCLE_MS_MAX = 30 * 60_000;

/** The newest `READ_MAX` of these names, stored since then. */
async function saidSince(bus: Bus, signals: readonly string[], sinceMs: number) {
  const { items } = await bus.read({ signals, order: "newest", limit: READ_MAX });
  return items.filter(({ storedAt }) => storedAt >= sinceMs);
}

/** Of files that were written in this phase: what waited through the hand-over is not what it is like. */
async function latencyOf(bus: Bus, sinceMs: number): Promise<Latencies> {
  const said = await saidSince(bus, ["Q_CURIOSITY_INVESTIGATE"], sinceMs);
  const times = said
    .filter(({ envelope }) => envelope.source === "intent-router")
    .map(({ storedAt, envelope }) => ({ written: Date.parse(envelope.timestamp), storedAt }))
    .filter(({ written }) => written >= sinceMs)
    .map(({ written, storedAt }) => Math.max(0, storedAt - written))
    .toSorted((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { count: times.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function integrationsOf(bus: Bus, sinceMs: number, log: string) {
  const [ours, failed] = await Promise.all([
    saidSince(bus, ["Q_MODULE_INTEGRATED"], sinceMs),
    saidSince(bus, ["Q_INTEGRATION_FAILED"], sinceMs),
  ]);
  return { ours: ours.length, failed: failed.length, twice: repeated(log, sinceMs) };
}

/** Modules with more than one line of this phase in the log, whoever wrote it. */
function repeated(log: string, sinceMs: number): number {
  if (statSync(log, { throwIfNoEntry: false }) === undefined) return 0;
  const counts = new Map<string, number>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const capability = /"capability": ?"([^"]+)"/.exec(line)?.[1];
    const at = Date.parse(/"integrated_at": ?"([^"]+)"/.exec(line)?.[1] ?? "");
    if (capability !== undefined && at >= sinceMs) counts.set(capability, (counts.get(capability) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count > 1).length;
}

function criticalOf(alerts: Awaited<ReturnType<typeof askAlerts>>): readonly string[] {
  return alerts.filter(({ severity }) => severity === "critical").map(({ says }) => says);
}

async function dreamOf(bus: Bus, sinceMs: number, nowMs: number) {
  const [triggers, ends, timeouts] = await Promise.all([
    saidSince(bus, ["Q_DREAM_TRIGGER"], sinceMs),
    saidSince(bus, ["Q_DREAM_COMPLETE"], sinceMs),
    saidSince(bus, ["Q_DREAM_TIMEOUT"], sinceMs),
  ]);
  const ended = new Set(ends.map(({ envelope }) => envelope.cause));
  const overdue = triggers.filter(
    ({ envelope, storedAt }) => !ended.has(envelope.id) && nowMs - storedAt > CYCLE_MS_MAX,
  );
  return { triggers: triggers.length, overdue: overdue.length, timeouts: timeouts.length };
}
