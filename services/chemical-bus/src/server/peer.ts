/** Who is at the other end of an ipc connection, as the kernel says. */
import { readFileSync } from "node:fs";
import { errorCode } from "@kloros/daemon";

export interface Peer {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

/** libzmq's `Peer-Address` on ipc: `localhost:uid:gid:pid`, from SO_PEERCRED. Undefined: not such an address. */
export function parsePeerAddress(address: string): Peer | undefined {
  const match = /^localhost:(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(address);
  if (match === null) return undefined;
  return { uid: Number(match[1]), gid: Number(match[2]), pid: Number(match[3]) };
}

/** A process, told apart from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat; "" when nothing can be known. */
  readonly startedAt: string;
}

/** In place of a start: it was gone when it was looked for. */
const GONE = "gone";

/** `stat`: default /proc. One that is hidden there (hidepid, another user namespace) is not gone: nothing can be known of it. */
export function markProcess(pid: number, stat: typeof readStat = readStat): ProcessMark {
  const startedAt = stat(pid)?.startedAt;
  if (startedAt !== undefined) return { pid, startedAt };
  return { pid, startedAt: pid > 0 && !exists(pid) ? GONE : "" };
}

/** Asks the kernel, not /proc. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Whether `isAlive` can tell. Not for a peer on another machine. */
export const isKnown = (mark: ProcessMark): boolean => mark.pid > 0 && mark.startedAt !== "";

/** False once the process is gone, is a zombie, or its number belongs to another. True when nothing can be known. */
export function isAlive(mark: ProcessMark): boolean {
  if (!isKnown(mark)) return true;
  const stat = readStat(mark.pid);
  return stat !== undefined && stat.startedAt === mark.startedAt && stat.state !== "Z" && stat.state !== "X";
}

/** proc(5): the command's name is in parentheses and may hold anything, so fields are counted from the last `)`. */
function readStat(pid: number): { readonly state: string; readonly startedAt: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startedAt: fields[19] ?? "" };
}
