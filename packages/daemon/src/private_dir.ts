import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { errorCode } from "./error_code.ts";

/**
 * Makes sure that `path` is a directory that belongs to this user and that nobody else may enter (0700): sockets in it
 * are reached by the same user only (DESIGN 5.8). Missing parents are made too.
 *
 * Throws when it is a symbolic link, a file, or somebody else's: in a directory shared by all (/tmp) another user could
 * have put it there first.
 */
export function ensurePrivateDir(path: string, uid: number): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`cannot create the directory ${path}: ${errorCode(error) ?? String(error)}`, {
      cause: error,
    });
  }
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a directory (a link or a file); remove it`);
  if (found.uid !== uid) {
    throw new Error(
      `${path} belongs to uid ${found.uid}, not to ${uid}; remove it, or choose another with --runtime`,
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}
