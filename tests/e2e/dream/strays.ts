/** Processes of D-REAM cycles, whichever group they are in: all of them carry the run tag in their environment. */
import { readdirSync, readFileSync } from "node:fs";

const RUN_TAG = "KLOROS_RUN_TAG=";

/** Pids of living processes of cycles on this home. */
export function cycleProcesses(home: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => belongs(pid, home));
}

function belongs(pid: number, home: string): boolean {
  const environment = read(`/proc/${String(pid)}/environ`);
  if (!environment.split("\0").some((one) => one.startsWith(RUN_TAG))) return false;
  return environment.includes(home) || read(`/proc/${String(pid)}/cmdline`).includes(home);
}

/** Empty when it is gone, or is a zombie. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
