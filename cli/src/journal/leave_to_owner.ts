/** What root does to a journal (`sudo kloros journal restore`) must leave it to the bus, which is another user. */
import { closeSync, constants, fchownSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { errorCode } from "@kloros/daemon";

/** The journal's files, and those that were kept, get the owner of their directory. Only root can, and has to. */
export function leaveToOwner(journal: string, uid: number = process.getuid?.() ?? 0): void {
  if (uid !== 0) return;
  const directory = dirname(journal);
  const owner = statSync(directory);
  const stem = basename(journal, extname(journal));
  for (const name of readdirSync(directory).filter((one) => one.startsWith(`${stem}.`)))
    giveAway(join(directory, name), owner);
}

/** The directory's owner decides what stands there: a link, or another name of somebody's file, is not followed. */
function giveAway(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  const fd = open(path);
  if (fd === undefined) return;
  try {
    const found = fstatSync(fd);
    if (found.isFile() && found.nlink === 1) fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

/** Undefined: it is a link, or has gone since. */
function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (["ELOOP", "ENOENT", "ENXIO"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
