/**
 * Every process of a run carries a mark in its environment, and its children inherit it. So all of them can be
 * found and ended, also those that left their group and those whose parent is gone.
 */
import { readdirSync, readFileSync } from "node:fs";

export const MARK_VARIABLE = "KLOROS_DREAM_MARK";

/** Passes over the process table: a process that was being started is met by the next one. */
const PASSES_MAX = 20;

/** Kills every process whose mark is `mark` or begins with `mark` and a point. Returns how many it met. */
export function killMarked(mark: string): number {
  let met = 0;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const found = marked(mark);
    if (found.length === 0) break;
    met += found.length;
    for (const pid of found) killGroup(pid);
  }
  return met;
}

function marked(mark: string): number[] {
  const pattern = new RegExp(`(^|\0)${MARK_VARIABLE}=${mark}(\\.[^\0]*)?(\0|$)`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && pattern.test(environmentOf(name)))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    // Gone, a zombie, or somebody else's.
    return "";
  }
}

/** The process and, when it leads one, its group. */
export function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // It is gone, or leads no group.
    }
  }
}
