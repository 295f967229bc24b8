/** What /proc says of processes. Only those of the own user can be looked into; the others are nobody's here. */
import { readFileSync, readlinkSync } from "node:fs";
import { machineBoot } from "@kloros/daemon";
import { markedProcesses, type Mark } from "@kloros/dream-runner";
import type { ProcessIdentity } from "../plan.ts";

export const RUN_TAG_VARIABLE = "KLOROS_RUN_TAG";

/** What all processes of a cycle carry. */
export function tagMark(runTag: string): Mark {
  return { entry: `${RUN_TAG_VARIABLE}=${runTag}` };
}

export function taggedProcesses(runTag: string): readonly number[] {
  return markedProcesses(tagMark(runTag));
}

export function argumentsOf(pid: number): readonly string[] {
  return readProc(pid, "cmdline")?.toString("utf8").split("\0").slice(0, -1) ?? [];
}

/** Undefined for a process of another user. */
export function directoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Null when there is no such process, or nothing can be known of it. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readProc(pid, "stat")?.toString("utf8");
  const boot = machineBoot();
  if (stat === undefined || boot === undefined) return null;
  // The second field is the program's name in parentheses and may hold anything; the rest follows the last one.
  const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = Number(rest[START_TIME - 3]);
  return Number.isSafeInteger(startTicks) ? { pid, startTicks, bootId: boot.id } : null;
}

/** Field of /proc/PID/stat, counted from 1 (proc(5)). */
const START_TIME = 22;

export function isSame(known: ProcessIdentity): boolean {
  const now = identify(known.pid);
  return now !== null && now.startTicks === known.startTicks && now.bootId === known.bootId;
}

function readProc(pid: number, name: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`);
  } catch {
    // Gone, or somebody else's.
    return undefined;
  }
}
