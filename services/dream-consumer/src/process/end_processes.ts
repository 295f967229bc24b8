/** Ending what a cycle left, wherever it hides: its group, and whatever carries its run tag. */
import { errorCode, pause } from "@kloros/daemon";
import { isSame, taggedProcesses } from "./proc.ts";
import type { CyclePlan } from "../plan.ts";

/** Also for a process in uninterruptible sleep, which no signal ends: it is reported then. */
const SWEEP_MS_MAX = 3000;
const SWEEP_PAUSE_MS = 20;
/** A process may fork or exec behind a scan's back. */
const EMPTY_SCANS = 2;

/** False when there is no such group (any more). */
export function signalGroup(groupId: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  return send(-groupId, signal);
}

/** Kills all that carry the run tag. Resolves with those that are still there after 3 s. */
export async function endTagged(runTag: string): Promise<readonly number[]> {
  const endMs = performance.now() + SWEEP_MS_MAX;
  let empty = 0;
  for (;;) {
    const pids = taggedProcesses(runTag);
    empty = pids.length === 0 ? empty + 1 : 0;
    if (empty >= EMPTY_SCANS || performance.now() > endMs) return pids;
    for (const pid of pids) send(pid, "SIGKILL");
    await pause(SWEEP_PAUSE_MS, NEVER);
  }
}

/** What a service that died left running. Its group only if its leader is still the same process. */
export async function endRemains(plan: CyclePlan): Promise<readonly number[]> {
  if (plan.process !== null && isSame(plan.process)) signalGroup(plan.process.pid, "SIGKILL");
  return endTagged(plan.runTag);
}

const NEVER = new AbortController().signal;

function send(target: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    // Somebody else's by now.
    if (errorCode(error) === "EPERM") return false;
    throw error;
  }
}
