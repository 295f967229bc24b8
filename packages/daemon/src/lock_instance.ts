import { acquireFileLock, FileLockHeldError } from "@kloros/file-lock";
import { instanceLockPath, prepareInstallation } from "./installation.ts";
import type { Installation } from "./types.ts";

export type InstanceLock =
  | { readonly held: false; readonly release: () => void }
  /** Another process of this name runs on this home. */
  | { readonly held: true; readonly holderPid: number | undefined };

/**
 * Keeps a second process of one name out of an installation, for programs that are no services. Makes the runtime
 * directory. Released by the kernel too, however this process ends. Throws the file system's error.
 */
export function lockInstance(paths: Installation, name: string): InstanceLock {
  prepareInstallation(paths);
  try {
    const lock = acquireFileLock(instanceLockPath(paths, name), name);
    return {
      held: false,
      release: () => {
        lock.release();
      },
    };
  } catch (error) {
    if (error instanceof FileLockHeldError) return { held: true, holderPid: error.holder?.pid };
    throw error;
  }
}
