/** Errors of the file system in the operator's words: what was attempted, on which path, and what to do. */
import { RetryableError } from "@kloros/bus-client";

const CAUSES: Readonly<Record<string, readonly [code: string, advice: string]>> = {
  ENOSPC: ["disk_full", "the disk is full; free space on its file system"],
  EDQUOT: ["disk_full", "the quota is used up; raise it or free space"],
  EROFS: ["read_only", "its file system is mounted read-only; mount it writable, or move the source root"],
  EACCES: ["no_permission", "this service's user may not; give it the right to write there"],
  EPERM: ["no_permission", "this service's user may not; give it the right to write there"],
  ENOTDIR: ["wrong_kind", "a file stands where a directory should be; move it away"],
  EISDIR: ["wrong_kind", "a directory stands in its place; move it away"],
  ENOENT: ["missing", "its directory is gone; create it"],
  EMFILE: ["too_many_files", "this process has too many files open; raise its limit"],
};

/** `undefined` for errors that are not the file system's. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Runs `task`; an error of the file system becomes a `RetryableError` that says what was attempted. Others pass. */
export async function attempting<T>(what: string, task: () => Promise<T> | T): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const [code, advice] = CAUSES[errno] ?? ["io", "see the error"];
    const text = error instanceof Error ? error.message : errno;
    throw new RetryableError(code, `cannot ${what}: ${advice} (${text}); nothing was left half done`, {
      cause: error,
    });
  }
}
