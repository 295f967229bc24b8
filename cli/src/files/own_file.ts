/**
 * Notes that decide what is done next, read only when nobody but the reader or root can have written them: root reads its own in
 * a directory that belongs to the services' user, who must not become root by what stands there.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { errorCode } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { octal } from "./octal.ts";

const OTHERS_WRITE = 0o022;

/** Undefined: there is none. Throws `Failure` for one that others could have written, or that this user may not read. */
export function readOwnFile(path: string, uid: number = process.getuid?.() ?? 0): string | undefined {
  const fd = open(path);
  if (fd === undefined) return undefined;
  try {
    const { uid: owner, mode } = fstatSync(fd);
    if ((owner === uid || owner === 0) && (mode & OTHERS_WRITE) === 0) return readFileSync(fd, "utf8");
    throw new Failure(
      "negative",
      `${path} belongs to uid ${owner} with mode ${octal(mode)}, so others than uid ${uid} may have written it, and it is not followed. ` +
        `Look at it; when it is right: chown ${uid} ${path} && chmod go-w ${path}`,
    );
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const why = code === "EACCES" ? "this user may not: run it as root (sudo)" : String(error);
    throw new Failure("negative", `${path} cannot be read: ${why}`, { cause: error });
  }
}
