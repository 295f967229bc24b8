/** Errors of the file system in the operator's words: what was attempted, on which path, and what to do. */
import { RetryableError } from "@kloros/bus-client";
import { errorCode } from "@kloros/daemon";

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free space on its file system",
  EDQUOT: "the quota is used up; raise it or free space",
  EROFS: "its file system is mounted read-only; mount it writable",
  EACCES: "this service's user may not; give it the right",
  EPERM: "this service's user may not; give it the right",
  ENOTDIR: "a file stands where a directory should be; move it away",
  EISDIR: "a directory stands in its place; move it away",
  ENOENT: "its directory is missing; create it",
  ELOOP: "its symbolic links lead in a circle; mend them",
  EMFILE: "this process has too many files open; raise its limit",
};

/** Runs `task`; an error of the file system becomes a `RetryableError` that says what was attempted. Others pass. */
export async function attempting<T>(what: string, task: () => Promise<T> | T): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !(error instanceof Error) || !("syscall" in error)) throw error;
    const advice = ADVICE[code] ?? "see the error";
    throw new RetryableError("file_system", `cannot ${what}: ${advice} (${error.message})`, { cause: error });
  }
}
