/** What /proc says of processes. Only those of the own user can be looked into; the others are nobody's here. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ProcessIdentity } from "../plan.ts";

export const RUN_TAG_VARIABLE = "KLOROS_RUN_TAG";

/** Processes whose environment carries this run tag. A zombie has an empty one and is nothing to end any more. */
export function taggedProcesses(runTag: string): readonly number[] {
  return processIds().filter((pid) => isTagged(pid, runTag));
}

/** Undefined: it is between two programs (`exec`), where it shows no environment; the next look knows. */
export function isTagged(pid: number, runTag: string): boolean | undefined {
  const environment = readProc(pid, "environ");
  if (environment === undefined) return false;
  if (environment.length === 0) return isBetweenPrograms(pid) ? undefined : false;
  return hasEntry(environment, Buffer.from(`${RUN_TAG_VARIABLE}=${runTag}\0`));
}

/** Whoever cleared its environment still has arguments; a zombie and a thread of the kernel have no program. */
function isBetweenPrograms(pid: number): boolean {
  return readProc(pid, "cmdline")?.length === 0 && linkOf(pid, "exe") !== undefined;
}

/** An entry begins where the block begins or another one ends. */
function hasEntry(block: Buffer, entry: Buffer): boolean {
  for (let at = block.indexOf(entry); at >= 0; at = block.indexOf(entry, at + 1)) {
    if (at === 0 || block[at - 1] === 0) return true;
  }
  return false;
}

/** Every process but this one; the newest first, because one that forks fast is gone when its turn comes last. */
export function processIds(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid)
    .toReversed();
}

export function argumentsOf(pid: number): readonly string[] {
  return readProc(pid, "cmdline")?.toString("utf8").split("\0").slice(0, -1) ?? [];
}

/** Undefined for a process of another user. */
export function directoryOf(pid: number): string | undefined {
  return linkOf(pid, "cwd");
}

function linkOf(pid: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

/** Null when there is no such process. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readProc(pid, "stat")?.toString("utf8");
  if (stat === undefined) return null;
  // The second field is the program's name in parentheses and may hold anything; the rest follows the last one.
  const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = Number(rest[START_TIME - 3]);
  return Number.isSafeInteger(startTicks) ? { pid, startTicks, bootId: bootId() } : null;
}

/** Field of /proc/PID/stat, counted from 1 (proc(5)). */
const START_TIME = 22;

export function isSame(known: ProcessIdentity): boolean {
  const now = identify(known.pid);
  return now !== null && now.startTicks === known.startTicks && now.bootId === known.bootId;
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function readProc(pid: number, name: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`);
  } catch {
    // Gone, or somebody else's.
    return undefined;
  }
}
