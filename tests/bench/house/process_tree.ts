/** All processes below one, as the kernel counts them: what a whole machine in a sandbox does. */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ: 100 on every Linux that Bun runs on. */
const TICKS_PER_S = 100;

interface Entry {
  readonly parent: number;
  readonly ticks: number;
}

/**
 * Time on a processor so far of a process, of all its living descendants and of those that were waited for, seconds: what a
 * process used is its parent's once it has ended, so nothing is lost between two looks.
 */
export function treeCpuSeconds(root: number): number {
  const entries = new Map<number, Entry>();
  for (const name of readdirSync("/proc")) {
    const entry = /^\d+$/.test(name) ? readEntry(name) : undefined;
    if (entry !== undefined) entries.set(Number(name), entry);
  }
  let ticks = 0;
  for (const [pid, entry] of entries) if (isBelow(pid, root, entries)) ticks += entry.ticks;
  return ticks / TICKS_PER_S;
}

/** Pids of the processes that this one started and that live. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** Undefined: it is gone. */
function readEntry(pid: string): Entry | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // proc_pid_stat(5). The name in parentheses may hold anything: ppid is the second field behind the last `)`; utime, stime,
    // cutime and cstime are the fields 14 to 17 of all.
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return { parent: fields[1] ?? 0, ticks };
  } catch {
    return undefined;
  }
}

function isBelow(pid: number, root: number, entries: ReadonlyMap<number, Entry>): boolean {
  for (let at = pid; at !== 0; at = entries.get(at)?.parent ?? 0) if (at === root) return true;
  return false;
}
