/** A file under a second name that is free, in one step: a reader sees all of it or nothing, and nothing is overwritten. */
import { copyFileSync, linkSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, syncFile } from "@kloros/daemon";

/** Another's file may not be linked (fs.protected_hardlinks), and not every file system has links. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "EXDEV", "EOPNOTSUPP", "ENOTSUP", "EMLINK"]);

/** False: the name is taken. Where it cannot be linked, `to` is a synced copy. Throws the file system's error. */
export function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (!NO_LINKS.has(errorCode(error) ?? "")) throw error;
    return copyNew(from, to);
  }
}

/** The copy is ours, so that one may be linked. */
function copyNew(from: string, to: string): boolean {
  const temporary = join(dirname(to), `.${basename(to)}.kloros-tmp`);
  rmSync(temporary, { force: true });
  try {
    copyFileSync(from, temporary);
    const { atimeMs, mtimeMs } = statSync(from);
    utimesSync(temporary, atimeMs / 1000, mtimeMs / 1000);
    syncFile(temporary);
    linkSync(temporary, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
