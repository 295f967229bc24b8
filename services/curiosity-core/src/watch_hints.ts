/** Hints from the kernel that a directory changed. Hints only: the periodic scan finds what they miss. */
import { statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";

export interface Hints {
  /** Watches again when the directory was replaced or was missing before. */
  rearm(): void;
  close(): void;
}

/** `onlyName`: tells of this entry only. */
export function watchHints(root: string, onHint: () => void, onlyName?: string): Hints {
  let watcher: FSWatcher | undefined;
  let inode: number | undefined;
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
    inode = undefined;
  };
  const hints: Hints = {
    rearm() {
      const current = statSync(root, { throwIfNoEntry: false })?.ino;
      if (watcher !== undefined && current === inode) return;
      stop();
      if (current === undefined) return;
      try {
        watcher = watch(root, { persistent: false }, (_event, name) => {
          if (onlyName === undefined || name === null || name === onlyName) onHint();
        });
        watcher.on("error", stop);
        inode = current;
      } catch {
        stop();
      }
    },
    close: stop,
  };
  hints.rearm();
  return hints;
}
