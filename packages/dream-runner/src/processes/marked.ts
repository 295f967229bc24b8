/**
 * Every process of a cycle carries a mark in its environment, and its children inherit it. So all of them can be found
 * and ended, also those that left their group and those whose parent is gone.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { pause } from "@kloros/daemon";

/** An entry of the environment: `NAME=value`, no NUL in it. */
export interface Mark {
  readonly entry: string;
  /** Entries that begin with it count as well. */
  readonly isOpen?: boolean;
}

/** Also for a process in uninterruptible sleep, which no signal ends: it is reported then. */
const SWEEP_MS_MAX = 3000;
const SWEEP_PAUSE_MS = 20;
/** A process may fork or exec behind a scan's back. */
const EMPTY_SCANS = 3;
const NEVER = new AbortController().signal;

/** A zombie has an empty environment and is nothing to end any more. */
export function markedProcesses(mark: Mark): readonly number[] {
  return processIds().filter((pid) => isMarked(pid, mark));
}

/** Kills all that carry the mark. Resolves with those that are still there after 3 s. */
export async function endMarked(mark: Mark): Promise<readonly number[]> {
  const endMs = performance.now() + SWEEP_MS_MAX;
  let empty = 0;
  for (;;) {
    const { found, isSure } = killMarked(mark);
    empty = isSure && found.length === 0 ? empty + 1 : 0;
    if (empty >= EMPTY_SCANS || performance.now() > endMs) return found;
    await pause(SWEEP_PAUSE_MS, NEVER);
  }
}

/** One look. Each is killed as soon as it is seen: it may have forked once more by the end of the look. */
export function killMarked(mark: Mark): { readonly found: readonly number[]; readonly isSure: boolean } {
  const found: number[] = [];
  let isSure = true;
  for (const pid of processIds()) {
    const marked = isMarked(pid, mark);
    isSure &&= marked !== undefined;
    if (marked !== true) continue;
    found.push(pid);
    // With its group, when it leads one: its members may have cleared their environment.
    signal(-pid, "SIGKILL");
    signal(pid, "SIGKILL");
  }
  return { found, isSure };
}

/** False when there is no such group (any more). */
export function signalGroup(groupId: number, name: "SIGTERM" | "SIGKILL"): boolean {
  return signal(-groupId, name);
}

/** Every process but this one; the newest first, because one that forks fast is gone when its turn comes last. */
export function processIds(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid)
    .toReversed();
}

function signal(target: number, name: "SIGTERM" | "SIGKILL"): boolean {
  try {
    process.kill(target, name);
    return true;
  } catch {
    // Gone, or somebody else's by now.
    return false;
  }
}

/** Undefined: it is between two programs (`exec`), where it shows no environment; the next look knows. */
function isMarked(pid: number, { entry, isOpen = false }: Mark): boolean | undefined {
  const environment = readProc(pid, "environ");
  if (environment === undefined) return false;
  if (environment.length === 0) return isBetweenPrograms(pid) ? undefined : false;
  return hasEntry(environment, Buffer.from(isOpen ? entry : `${entry}\0`));
}

/** Whoever cleared its environment still has arguments; a zombie and a thread of the kernel have no program. */
function isBetweenPrograms(pid: number): boolean {
  if (readProc(pid, "cmdline")?.length !== 0) return false;
  try {
    readlinkSync(`/proc/${String(pid)}/exe`);
    return true;
  } catch {
    return false;
  }
}

/** An entry begins where the block begins or another one ends. */
function hasEntry(block: Buffer, entry: Buffer): boolean {
  for (let at = block.indexOf(entry); at >= 0; at = block.indexOf(entry, at + 1)) {
    if (at === 0 || block[at - 1] === 0) return true;
  }
  return false;
}

function readProc(pid: number, name: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`);
  } catch {
    // Gone, or somebody else's.
    return undefined;
  }
}
