/** Planned files onto the disk, each as a whole, so that a crash leaves the old one or the new one. */
import { chmodSync, chownSync, cpSync, existsSync, lchownSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@kloros/daemon";
import { writeError } from "../release/add_release.ts";
import { replaceLink } from "../release/release_store.ts";
import type { FoundFile, PlannedFile } from "./planned_file.ts";

export interface ApplyOptions {
  readonly root: string;
  /** Where somebody else's files go that were in the way. */
  readonly replaced: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where `--replace` keeps what was there: below the base, under its whole path. */
export function replacedDirectory(base: string): string {
  return join(base, "replaced");
}

/** Throws `Failure` for a place that cannot be written. */
export async function applyFiles(files: readonly FoundFile[], options: ApplyOptions): Promise<void> {
  for (const { planned, state } of files) {
    if (state === "same" || state === "kept") continue;
    const path = join(options.root, planned.path);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      if (state === "foreign") moveAside(path, join(options.replaced, planned.path));
      await write(path, planned, options);
    } catch (error) {
      throw writeError(error, path);
    }
  }
}

/** What was kept first stays: it is what was there before this software. Copied: it may be on another disk. */
function moveAside(path: string, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true, mode: 0o755 });
  if (!existsSync(kept))
    cpSync(path, kept, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  rmSync(path, { recursive: true });
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
