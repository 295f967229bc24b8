/** Replaces a file as a whole: a reader, and a crash at any moment, sees the old content or the new, never a part. */
import { existsSync, realpathSync } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crashPoint } from "../ledger/crash_point.ts";
import { inTurn } from "../ledger/keyed_mutex.ts";

export interface WriteFileAtomicOptions {
  /** Permission bits of a new file. Default 0o644. An existing file keeps its bits and its owner. */
  readonly mode?: number;
  /** A symbolic link in its place. `follow` (default): its target is replaced. `replace`: it goes itself; for whoever writes as root where others may put links. */
  readonly link?: "follow" | "replace";
}

/**
 * Writes `content` to a temporary file beside `path`, syncs it, renames it into place and syncs the directory. Writers in one process take turns; two processes that write the same path
 * need a lock between them. A temporary file that a crash left behind is reused, so they never pile up.
 * @throws the file system's error; the old content is then still there.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteFileAtomicOptions = {},
): Promise<void> {
  // Not awaited: calls take their turns in the order in which they were made.
  const { mode = 0o644, link = "follow" } = options;
  const target = link === "follow" && existsSync(path) ? realpathSync(path) : path;
  await inTurn(`atomic:${target}`, () => replace(target, content, mode));
}

async function replace(target: string, content: string | Uint8Array, newMode: number): Promise<void> {
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.kloros-tmp`);
  const found = await lstat(target).catch(() => null);
  const existing = found?.isSymbolicLink() === true ? null : found;
  await rm(temporary, { force: true });
  const handle = await open(temporary, "wx", existing === null ? newMode : existing.mode & 0o7777);
  try {
    await fill(handle, content, existing);
    crashPoint("files.tmp-written");
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  crashPoint("files.renamed");
  await syncPath(directory);
}

async function fill(
  handle: FileHandle,
  content: string | Uint8Array,
  existing: { readonly mode: number; readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  try {
    await handle.writeFile(content);
    if (existing !== null) {
      // The creation mode was cut by the umask; and only root may give a file away: others keep their own.
      await handle.chmod(existing.mode & 0o7777);
      await handle.chown(existing.uid, existing.gid).catch(() => undefined);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncPath(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
