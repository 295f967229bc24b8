/**
 * File descriptors of this process. libzmq aborts the whole process when it may not open another one for a client that connects
 * over ipc, so the bus stops listening while some are left.
 */
import { readdirSync, readFileSync } from "node:fs";
import { errorCode } from "@kloros/daemon";

export interface Descriptors {
  readonly open: number;
  /** Highest number that the kernel allows (RLIMIT_NOFILE). */
  readonly limit: number;
}

/** Of the limit: room for those who connect before the next look, and for the bus's own files. */
const RESERVE_SHARE = 0.25;
const RESERVE_MAX = 256;
const NO_LIMIT = 1_000_000;
const NONE_LEFT: ReadonlySet<string> = new Set(["EMFILE", "ENFILE"]);

/** Looking takes one: when there is none left, that is the answer. */
export function readDescriptors(): Descriptors {
  try {
    limit ??= readLimit();
    // The listing itself holds one.
    return { open: readdirSync("/proc/self/fd").length - 1, limit };
  } catch (error) {
    if (!NONE_LEFT.has(errorCode(error) ?? "")) throw error;
    return { open: limit ?? NO_LIMIT, limit: limit ?? NO_LIMIT };
  }
}

/** Nobody changes it while the process runs but with prlimit(1). */
let limit: number | undefined;

function readLimit(): number {
  const text = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? NO_LIMIT);
}

/** Whether new clients are to be kept out; once they are, until half as much more is free, so that it does not flutter. */
export function areScarce({ open, limit: most }: Descriptors, already: boolean): boolean {
  const reserve = Math.min(RESERVE_MAX, Math.floor(most * RESERVE_SHARE));
  return most - open < (already ? Math.floor(reserve * 1.5) : reserve);
}
