/** What a process's memory consists of, and how much of it is its own: proc_pid_smaps(5). */
import { readFileSync, readlinkSync } from "node:fs";

/** Proportional set size, MB: a page that n processes have counts 1/n for each. */
export interface Mappings {
  /** Pages of the executable's file. */
  readonly program: number;
  readonly otherFiles: number;
  /** Heap, compiled code, stacks, and pages of files that were written to: no other process has them. */
  readonly own: number;
  /** Resident, not proportional: shared pages are counted in each process. */
  readonly resident: number;
}

const HEADER = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/;

/** Needs root, or a process of one's own. */
export function mappingsOf(pid: number): Mappings {
  const program = readlinkSync(`/proc/${String(pid)}/exe`);
  const sums = { program: 0, otherFiles: 0, own: 0, resident: 0 };
  let kind: "program" | "otherFiles" | "own" = "own";
  for (const line of readFileSync(`/proc/${String(pid)}/smaps`, "latin1").split("\n")) {
    const path = HEADER.exec(line)?.[1];
    if (path !== undefined) kind = path === program ? "program" : path.startsWith("/") ? "otherFiles" : "own";
    else if (line.startsWith("Rss:")) sums.resident += megabytes(line);
    else if (line.startsWith("Pss:")) sums[kind] += megabytes(line);
    else if (line.startsWith("Anonymous:") && kind !== "own") {
      // Part of the mapping's "Pss:", which stands before it.
      sums[kind] -= megabytes(line);
      sums.own += megabytes(line);
    }
  }
  return sums;
}

const megabytes = (line: string): number => Number(/(\d+) kB$/.exec(line)?.[1] ?? 0) / 1024;
