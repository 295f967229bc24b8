/** Ending what a cycle left, wherever it hides: its group, and whatever carries its run tag. */
import { errorCode, pause } from "@kloros/daemon";
import { isSame, isTagged, processIds } from "./proc.ts";
import type { CyclePlan } from "../plan.ts";

/** Also for a process in uninterruptible sleep, which no signal ends: it is reported then. */
const SWEEP_MS_MAX = 3000;
const SWEEP_PAUSE_MS = 20;
/** A process may fork or exec behind a scan's back. */
const EMPTY_SCANS = 3;

/** False when there is no such group (any more). */
export function signalGroup(groupId: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  return send(-groupId, signal);
}

/** Kills all that carry the run tag. Resolves with those that are still there after 3 s. */
export async function endTagged(runTag: string): Promise<readonly number[]> {
  const endMs = performance.now() + SWEEP_MS_MAX;
  let empty = 0;
  for (;;) {
    const { found, sure } = sweep(runTag);
    empty = sure && found.length === 0 ? empty + 1 : 0;
    if (empty >= EMPTY_SCANS || performance.now() > endMs) return found;
    await pause(SWEEP_PAUSE_MS, NEVER);
  }
}

/** Each is killed as soon as it is seen: it may have forked once more by the end of the look. */
function sweep(runTag: string): { readonly found: readonly number[]; readonly sure: boolean } {
  const found: number[] = [];
  let sure = true;
  for (const pid of processIds()) {
    const tagged = isTagged(pid, runTag);
    sure &&= tagged !== undefined;
    if (tagged !== true) continue;
    found.push(pid);
    send(pid, "SIGKILL");
  }
  return { found, sure };
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
