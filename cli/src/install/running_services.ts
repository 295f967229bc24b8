/** Which program each service runs just now. */
import { readlinkSync } from "node:fs";
import type { Systemctl } from "../systemctl.ts";

export interface RunningService {
  readonly unit: string;
  /** systemd's ActiveState: `active`, `activating`, `inactive`, `failed`, … */
  readonly state: string;
  /** 0: it does not run. */
  readonly pid: number;
  /** What the process was started from, links resolved; undefined: it does not run, or may not be looked at. */
  readonly executable: string | undefined;
  /** Times that systemd started it again by itself. */
  readonly restarts: number;
  /** Its unit changed since systemd read it. */
  readonly needsReload: boolean;
}

export async function runningServices(
  systemctl: Systemctl,
  units: readonly string[],
): Promise<readonly RunningService[]> {
  const services: RunningService[] = [];
  for (const unit of units) services.push(await runningService(systemctl, unit));
  return services;
}

export async function runningService(systemctl: Systemctl, unit: string): Promise<RunningService> {
  const { ActiveState, MainPID, NRestarts, NeedDaemonReload } = await systemctl.show(unit, [
    "ActiveState",
    "MainPID",
    "NRestarts",
    "NeedDaemonReload",
  ]);
  const pid = Number(MainPID);
  return {
    unit,
    state: ActiveState,
    pid,
    executable: pid > 0 ? executableOf(pid) : undefined,
    restarts: Number(NRestarts),
    needsReload: NeedDaemonReload === "yes",
  };
}

/** A file that was removed since is named without the kernel's note about it. */
function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
  } catch {
    return undefined;
  }
}
