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
  /** That file is not there any more: another one may have its name. */
  readonly replaced: boolean;
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
    ...executableOf(pid),
    restarts: Number(NRestarts),
    needsReload: NeedDaemonReload === "yes",
  };
}

/** The kernel adds a note to the name of a file that was removed since. */
function executableOf(pid: number): Pick<RunningService, "executable" | "replaced"> {
  if (pid <= 0) return { executable: undefined, replaced: false };
  try {
    const link = readlinkSync(`/proc/${pid}/exe`);
    return { executable: link.replace(GONE, ""), replaced: GONE.test(link) };
  } catch {
    return { executable: undefined, replaced: false };
  }
}

const GONE = / \(deleted\)$/;
