/** Planned files onto the disk, each as a whole, so that a crash leaves the old one or the new one. */
import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@kloros/daemon";
import { makeDirectories } from "../files/make_directories.ts";
import { writeError } from "../release/add_release.ts";
import { replaceLink } from "../release/release_store.ts";
import type { FoundFile, PlannedFile } from "./planned_file.ts";

export interface ApplyOptions {
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
}

/** Throws `Failure` for a place that cannot be written. */
export async function applyFiles(files: readonly FoundFile[], options: ApplyOptions): Promise<void> {
  for (const { planned, state } of files) {
    if (state === "same" || state === "kept") continue;
    const path = join(options.root, planned.path);
    try {
      makeDirectories(dirname(path));
      // It is kept aside by now. A file is replaced by one rename; a link would be followed, a directory is in the way.
      if (state === "foreign" && !lstatSync(path).isFile()) rmSync(path, { recursive: true });
      await write(path, planned, options);
    } catch (error) {
      throw writeError(error, path);
    }
  }
}

async function write(path: string, planned: PlannedFile, { uid, gid }: ApplyOptions): Promise<void> {
  if (planned.kind === "directory") {
    mkdirSync(path, { recursive: true });
    chownSync(path, uid, gid);
    chmodSync(path, planned.mode);
    return;
  }
  if (planned.kind === "link") {
    replaceLink(path, planned.target);
    lchownSync(path, uid, gid);
    return;
  }
  await writeFileAtomic(path, planned.text, { mode: planned.mode });
  // One that was there kept its own; and the umask is nobody's wish.
  chownSync(path, uid, gid);
  chmodSync(path, planned.mode);
}
