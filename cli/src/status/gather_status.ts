/** Everything that `status` shows, asked for at once. */
import { readFileSync } from "node:fs";
import type { Bus } from "@kloros/bus-client";
import type { Mode } from "@kloros/daemon";
import type { BusStatus, ConsumerStatus } from "@kloros/journal";
import { awayText, reachBus } from "../bus_access.ts";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { findPlace, type Place } from "../place.ts";
import type { Session } from "../session.ts";
import { askService, type ServiceStatus } from "./ask_service.ts";

export interface StatusReport {
  readonly home: string;
  /** Who made the home. */
  readonly homeKind: string;
  readonly source: string;
  readonly runtime: string;
  /** What the services do, or would do. */
  readonly mode: Mode;
  /** What the marker file says; null: maintenance mode is off. */
  readonly maintenance: string | null;
  readonly bus: (BusStatus & { readonly pingMs: number }) | null;
  /** Why there is no answer. */
  readonly busAway: string | null;
  readonly services: readonly ServiceStatus[];
  readonly consumers: readonly ConsumerStatus[];
}

export async function gatherStatus(session: Session): Promise<StatusReport> {
  const place = await findPlace(session.flags, session.environment);
  const [bus, services] = await Promise.all([askBus(place), askServices(place)]);
  const { paths, located } = place;
  return {
    home: paths.home,
    homeKind: located.inspection.kind,
    source: paths.source,
    runtime: paths.runtime,
    mode: modeOf(place, services),
    maintenance: readMarker(paths.maintenanceMarker),
    ...bus,
    services,
  };
}

type BusPart = Pick<StatusReport, "bus" | "busAway" | "consumers">;

async function askBus(place: Place): Promise<BusPart> {
  const answer = await reachBus(place);
  if (answer.kind === "away") return { bus: null, busAway: awayText(place, answer.why), consumers: [] };
  try {
    return await askConnected(answer.bus);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { bus: null, busAway: awayText(place, why), consumers: [] };
  } finally {
    await answer.bus.close();
  }
}

async function askConnected(bus: Bus): Promise<BusPart> {
  const [status, consumers, pingMs] = await Promise.all([
    bus.admin("status", {}),
    bus.admin("consumers", {}),
    bus.ping(),
  ]);
  return { bus: { ...status, pingMs }, busAway: null, consumers };
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

const MARKER_TEXT_MAX = 400;

function readMarker(path: string): string | null {
  try {
    return readFileSync(path, "utf8").slice(0, MARKER_TEXT_MAX).trim();
  } catch {
    return null;
  }
}
