/** Everything that `status` shows, asked for at once. */
import type { Bus } from "@kloros/bus-client";
import { messageOf } from "@kloros/daemon";
import type { Installation, Mode } from "@kloros/daemon";
import type { BusStatus, ConsumerStatus } from "@kloros/journal";
import { awayText, reachBus } from "../bus_access.ts";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import type { RuleView } from "../policy/rule_views.ts";
import { findPlace, type Place } from "../place.ts";
import { restJson, type RestJson } from "../rest/rest_note.ts";
import type { Session } from "../session.ts";
import { targetOf } from "../rest/known_targets.ts";
import type { PauseTarget } from "../rest/pause_target.ts";
import { askAlerts, type StandingAlert } from "./alerts.ts";
import { askService, type ServiceStatus } from "./ask_service.ts";

export interface StatusReport {
  readonly home: string;
  /** Who made the home. */
  readonly homeKind: string;
  readonly source: string;
  readonly runtime: string;
  /** What the services do, or would do. */
  readonly mode: Mode;
  /** Null: maintenance mode is off. */
  readonly maintenance: RestJson | null;
  /** Services and rules that are paused. */
  readonly pauses: readonly PauseJson[];
  /** What decides, as the engine has it; none where it never ran. */
  readonly rules: readonly RuleView[];
  /** Ids of winners that wait for a person's word. */
  readonly heldWinners: readonly string[];
  readonly bus: (BusStatus & { readonly pingMs: number }) | null;
  /** Why there is no answer. */
  readonly busAway: string | null;
  readonly services: readonly ServiceStatus[];
  readonly consumers: readonly ConsumerStatus[];
  readonly alerts: readonly StandingAlert[];
}

export interface PauseJson extends PauseTarget, RestJson {}

export async function gatherStatus(session: Session): Promise<StatusReport> {
  const place = await findPlace(session.flags, session.environment);
  const nowMs = session.environment.nowMs();
  const { paths, located } = place;
  const { listPauses, readMaintenance } = await import("@kloros/daemon");
  const [bus, services, heldWinners] = await Promise.all([
    askBus(place, nowMs),
    askServices(place),
    askHeldWinners(paths),
  ]);
  const maintenance = readMaintenance(paths, { nowMs });
  return {
    home: paths.home,
    homeKind: located.inspection.kind,
    source: paths.source,
    runtime: paths.runtime,
    mode: modeOf(place, services),
    maintenance: maintenance === undefined ? null : restJson(maintenance),
    pauses: listPauses(paths, { nowMs }).map((one) => ({ ...targetOf(one), ...restJson(one) })),
    rules: await askRules(paths, nowMs),
    heldWinners,
    ...bus,
    services,
  };
}

type BusPart = Pick<StatusReport, "bus" | "busAway" | "consumers" | "alerts">;

const NOTHING = { bus: null, consumers: [], alerts: [] } as const;

async function askBus(place: Place, nowMs: number): Promise<BusPart> {
  const answer = await reachBus(place);
  if (answer.kind === "away") return { ...NOTHING, busAway: awayText(place, answer.why) };
  try {
    return await askConnected(answer.bus, nowMs);
  } catch (error) {
    const why = messageOf(error);
    return { ...NOTHING, busAway: awayText(place, why) };
  } finally {
    await answer.bus.close();
  }
}

async function askConnected(bus: Bus, nowMs: number): Promise<BusPart> {
  const [status, consumers, pingMs, alerts] = await Promise.all([
    bus.admin("status", {}),
    bus.admin("consumers", {}),
    bus.ping(),
    askAlerts(bus, nowMs),
  ]);
  return { bus: { ...status, pingMs }, busAway: null, consumers, alerts };
}

async function askServices({ paths }: Place): Promise<readonly ServiceStatus[]> {
  const { healthSocketPath } = await import("@kloros/daemon");
  return Promise.all(SERVICE_NAMES.map((name) => askService(name, healthSocketPath(paths, name))));
}

function modeOf({ located }: Place, services: readonly ServiceStatus[]): Mode {
  const said = services.find(({ mode }) => mode !== null)?.mode;
  if (said === "act" || said === "observe") return said;
  const { mode } = located.common;
  if (mode !== "auto") return mode;
  return ["own", "empty", "absent"].includes(located.inspection.kind) ? "act" : "observe";
}

/** None when the log cannot be read: `kloros policy show` says what is wrong with it. */
async function askRules(paths: Installation, nowMs: number): Promise<readonly RuleView[]> {
  try {
    const { gatherRules } = await import("../policy/rule_views.ts");
    return (await gatherRules(paths, nowMs))?.rules ?? [];
  } catch {
    return [];
  }
}

/** None when the file cannot be read: `kloros winners list` says what is wrong with it. */
async function askHeldWinners(paths: Installation): Promise<readonly string[]> {
  const { listWinners } = await import("@kloros/winner-deployer");
  const winners = await listWinners(paths).catch(() => []);
  return winners.filter(({ state }) => state === "held").map(({ id }) => id);
}
