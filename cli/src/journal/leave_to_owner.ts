/** What root does to a journal (`sudo kloros journal restore`) must leave it to the bus, which is another user. */
import { chownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** The journal's files, and those that were kept, get the owner of their directory. Only root can, and has to. */
export function leaveToOwner(journal: string, uid: number = process.getuid?.() ?? 0): void {
  if (uid !== 0) return;
  const directory = dirname(journal);
  const owner = statSync(directory);
  const stem = basename(journal, extname(journal));
  for (const name of readdirSync(directory).filter((one) => one.startsWith(`${stem}.`))) {
    const path = join(directory, name);
    if (lstatSync(path).isFile()) chownSync(path, owner.uid, owner.gid);
  }
}
