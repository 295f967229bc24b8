export { acquireFileLock, FileLockHeldError, tryLockDescriptor } from "./file_lock.ts";
export type { FileLock, LockHolder } from "./file_lock.ts";
