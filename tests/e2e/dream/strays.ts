/** Processes of D-REAM cycles, whichever group they are in: all of them carry the run tag in their environment. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

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
  const places = [environment, read(`/proc/${String(pid)}/cmdline`), workingDirectory(pid)];
  return places.some((text) => text.includes(home));
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`);
  } catch {
    return "";
  }
}

/** Empty when it is gone, or is a zombie. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
