export { acquireFileLock, FileLockHeldError, tryFileLock, tryLockDescriptor } from "./file_lock.ts";
export type { FileLock, LockHolder } from "./file_lock.ts";
