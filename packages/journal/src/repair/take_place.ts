/**
 * A journal takes the place of another one: two files, a file and its log, of which only one can be renamed at a time.
 *
 * Order, each step on disk before the next: the new one is whole; the old one's log goes aside; the new one has the name;
 * the log goes. Found half done, by a process that died or a loss of power, it is undone: the old one is as it was.
 * Invariant: a file is never found beside the log of another.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** What a journal is made under that is to take the place of `path`. */
export function freshPathOf(path: string, by: "repair" | "restore"): string {
  return `${path}.${by === "repair" ? "repaired" : "restoring"}`;
}

function logAsideOf(fresh: string): string {
  return `${fresh}-log-before`;
}

export function takePlace(fresh: string, path: string): void {
  const dir = dirname(path);
  sync(fresh);
  sync(dir);
  for (const end of ["-shm", "-journal"]) rmSync(`${path}${end}`, { force: true });
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, logAsideOf(fresh));
  sync(dir);
  renameSync(fresh, path);
  sync(dir);
  removeJournal(fresh);
  sync(dir);
}

/** Call under the lock, before anything looks at the journal. */
export function undoHalfTaken(path: string): void {
  for (const by of ["repair", "restore"] as const) {
    const fresh = freshPathOf(path, by);
    if (!existsSync(logAsideOf(fresh))) continue;
    if (existsSync(fresh)) renameSync(logAsideOf(fresh), `${path}-wal`);
    else rmSync(logAsideOf(fresh));
    sync(dirname(path));
  }
}

export function removeJournal(path: string): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${end}`, { force: true });
  rmSync(logAsideOf(path), { force: true });
}

/** A file, or the names in a directory. */
export function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
