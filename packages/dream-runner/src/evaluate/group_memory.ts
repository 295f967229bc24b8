import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** Memory in use by the processes of a group, MB. Pages that several of them share count once for each. */
export function groupMemoryMb(group: number): number {
  let pages = 0;
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) pages += residentPages(name, group);
  }
  return (pages * PAGE_BYTES) / 2 ** 20;
}

/** proc(5): behind the name in parentheses come state, ppid, pgrp, …; rss is the 24th field of the line. */
function residentPages(pid: string, group: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(fields[2]) === group ? Number(fields[21]) : 0;
  } catch {
    return 0;
  }
}
