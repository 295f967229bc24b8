import { readFileSync } from "node:fs";

/** By what different processes, and different runs of one, compare how much time passed. */
export interface MachineBoot {
  /** Another one after each boot. */
  readonly id: string;
  /** Since the boot, ms, to 10 ms. Goes on while the machine sleeps, which a process's own clock does not. */
  readonly uptimeMs: number;
}

let id: string | undefined;

/** Of this machine (Linux). Undefined where the kernel does not tell. */
export function machineBoot(): MachineBoot | undefined {
  try {
    id ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const uptimeMs = Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000;
    return Number.isFinite(uptimeMs) ? { id, uptimeMs } : undefined;
  } catch {
    return undefined;
  }
}
