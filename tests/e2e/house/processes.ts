/** Processes as they are seen from outside, whichever group they are in. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isAbsolute } from "node:path";

/**
 * Pids of all living processes but this one whose command line or environment names this directory, or that work in it.
 * `variable`: of those, the ones that have it in their environment.
 */
export function processesOf(directory: string, variable?: string): readonly number[] {
  // An empty one would be that of everybody.
  if (!isAbsolute(directory)) throw new Error(`no absolute path: "${directory}"`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => belongs(pid, directory, variable))
    .map(Number);
}

/** It may have ended since it was seen. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function belongs(pid: string, directory: string, variable: string | undefined): boolean {
  const environment = read(`/proc/${pid}/environ`);
  if (variable !== undefined && !environment.split("\0").some((one) => one.startsWith(`${variable}=`))) {
    return false;
  }
  const places = [environment, read(`/proc/${pid}/cmdline`), workingDirectory(pid)];
  return places.some((text) => text.includes(directory));
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
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
