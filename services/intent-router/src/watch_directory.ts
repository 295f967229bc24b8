/**
 * Hints from the kernel that something changed in a directory. Hints only: they may be lost (the kernel's queue holds
 * 16,384), so whoever uses them scans as well; when too many wait, only "scan everything" is kept of them.
 */
import { statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";

export interface DirectoryHints {
  /** Calls `onHint` on each hint from now on. */
  listen(onHint: () => void): void;
  /** Names that were hinted at since the last call; `all`: there were too many, or something was lost. */
  take(): { readonly names: readonly string[]; readonly all: boolean };
  /** Watches again when the directory was replaced or was missing before. Cheap: one stat. */
  rearm(): void;
  close(): void;
}

const NAMES_MAX = 4096;

/** `concerns`: names that are not worth a hint, such as those of temporary files, are left out. */
export function watchDirectory(root: string, concerns: (name: string) => boolean): DirectoryHints {
  let onHint: (() => void) | undefined;
  let names = new Set<string>();
  let all = false;
  let watcher: FSWatcher | undefined;
  let inode: number | undefined;

  const hint = (name: string | null): void => {
    if (name !== null && !concerns(name)) return;
    if (name === null || names.size >= NAMES_MAX) all = true;
    else names.add(name);
    onHint?.();
  };
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
    inode = undefined;
  };
  const hints: DirectoryHints = {
    listen(listener) {
      onHint = listener;
    },
    take() {
      const taken = { names: [...names], all };
      names = new Set();
      all = false;
      return taken;
    },
    rearm() {
      const current = inodeOf(root);
      if (current !== undefined && current === inode && watcher !== undefined) return;
      stop();
      if (current === undefined) return;
      try {
        watcher = watch(root, { persistent: false }, (_event, name) => hint(name));
        watcher.on("error", () => {
          stop();
          hint(null);
        });
        inode = current;
        all = true;
      } catch {
        // No more watches to be had: the periodic scan finds everything, later.
        stop();
      }
    },
    close: stop,
  };
  hints.rearm();
  return hints;
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
