/** Replaces a file as a whole: a reader, and a crash at any moment, sees the old content or the new, never a part. */
import { existsSync, realpathSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crashPoint } from "../ledger/crash_point.ts";
import { inTurn } from "../ledger/keyed_mutex.ts";

export interface WriteFileAtomicOptions {
  /** Permission bits of a new file. Default 0o644. An existing file keeps its bits and its owner. */
  readonly mode?: number;
}

/**
 * Writes `content` to a temporary file beside `path`, syncs it, renames it into place and syncs the directory. A symbolic
 * link stays a link, its target is replaced. Writers in one process take turns; two processes that write the same path
 * need a lock between them. A temporary file that a crash left behind is reused, so they never pile up.
 * @throws the file system's error; the old content is then still there.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteFileAtomicOptions = {},
): Promise<void> {
  // Not awaited: calls take their turns in the order in which they were made.
  const target = existsSync(path) ? realpathSync(path) : path;
  await inTurn(`atomic:${target}`, () => replace(target, content, options.mode ?? 0o644));
}

async function replace(target: string, content: string | Uint8Array, newMode: number): Promise<void> {
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.kloros-tmp`);
  const existing = await stat(target).catch(() => null);
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
