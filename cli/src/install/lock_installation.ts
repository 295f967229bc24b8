/** One at a time: whatever changes an installation, or a migration of it. */
import { join } from "node:path";
import { type FileLock, FileLockHeldError, acquireFileLock } from "@kloros/file-lock";
import { Failure } from "../exit_codes.ts";
import { makeDirectories } from "../files/make_directories.ts";
import { migrationDirectory, whileNobodyMigrates } from "../migrate/migration_lock.ts";
import { writeError } from "../release/add_release.ts";
import type { InstallPlace } from "./choose_place.ts";

/** Shown to a second one; without blanks, as the lock's file is read by words. */
type LockName = "kloros-install" | "kloros-upgrade" | "kloros-rollback" | "kloros-uninstall";

export const LOCK_FILE = "install.lock";

/** What `work` decides by it must read again: it may have changed until the lock was taken. Throws `Failure`, naming the holder. */
export async function whileInstalling<T>(
  { base, root, layout }: InstallPlace,
  who: LockName,
  work: () => Promise<T>,
): Promise<T> {
  const lock = lockInstallation(base, who);
  try {
    return await whileNobodyMigrates(join(root, migrationDirectory(layout)), work);
  } finally {
    lock.release();
  }
}

function lockInstallation(base: string, who: LockName): FileLock {
  const path = join(base, LOCK_FILE);
  try {
    makeDirectories(base);
    return acquireFileLock(path, who);
  } catch (error) {
    if (error instanceof FileLockHeldError)
      throw new Failure("held", `another one is at it: ${holderText(error)}; wait until it has ended`, {
        cause: error,
      });
    throw writeError(error, path);
  }
}

function holderText({ holder, path }: FileLockHeldError): string {
  return holder === undefined ? `a process that holds ${path}` : `${holder.name} (pid ${holder.pid})`;
}
