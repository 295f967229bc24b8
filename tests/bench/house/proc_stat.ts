/** What the kernel says about a process. */
import { readFileSync } from "node:fs";

/** USER_HZ: 100 on every Linux that Bun runs on. */
const TICKS_PER_S = 100;

/** Time on a processor so far, user and system, all threads, seconds. Undefined: it is gone. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    // The name in parentheses may hold anything: fields are counted from the last `)`; utime and stime are fields 14 and 15.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  } catch {
    return undefined;
  }
}

export interface Memory {
  readonly rssMb: number;
  /** The largest so far. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/status`, "latin1");
    const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return { rssMb: kib("VmRSS") / 1024, peakMb: kib("VmHWM") / 1024 };
  } catch {
    return undefined;
  }
}
