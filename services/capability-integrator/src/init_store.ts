/** The generated `__init__.py` on disk: it appears complete or not at all, and only what is still ours is taken away. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "@kloros/daemon";
import { errnoOf } from "./world_errors.ts";

/**
 * Creates `file`, unless there is one. True when it now holds `text`, so also when an earlier run of ours made it.
 * A link cannot replace what is there, hence temporary file and link.
 */
export function createInitFile(file: string, text: string): boolean {
  if (isThere(file)) return isInitFile(file, text);
  const temporary = join(dirname(file), `.${basename(file)}.kloros-tmp`);
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, "wx", 0o644);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    return isInitFile(file, text);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(file));
  return true;
}

/** Whether `file` is there and exactly what was generated. */
export function isInitFile(file: string, text: string): boolean {
  try {
    return lstatSync(file).isFile() && readFileSync(file, "utf8") === text;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return false;
    throw error;
  }
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Removes `file` if it still is what was generated; false when it is not (or not there any more). */
export function removeInitFile(file: string, text: string): boolean {
  if (!isInitFile(file, text)) return false;
  rmSync(file);
  syncDirectory(dirname(file));
  return true;
}
