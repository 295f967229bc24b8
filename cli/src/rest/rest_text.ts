/** Why a service was told to rest, with how to end that; undefined: it was not. */
import { type Installation, maintenanceText, pauseText, readMaintenance, readPause } from "@kloros/daemon";

export function restText(paths: Installation, service: string, nowMs: number): string | undefined {
  const pause = readPause(paths, service, { nowMs });
  if (pause !== undefined) return `${service} is ${pauseText(pause)} (kloros resume ${service})`;
  const maintenance = readMaintenance(paths, { nowMs });
  return maintenance === undefined ? undefined : `${maintenanceText(maintenance)} (kloros maintenance off)`;
}
