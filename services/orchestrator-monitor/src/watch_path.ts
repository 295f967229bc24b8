/**
 * Hints from the kernel that something at a path changed. Only hints: the kernel drops events when they are too many,
 * hence the interval beside them. Directories are watched, never files, because a replaced file is another inode.
 */
import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

export interface PathWatch {
  /** Starts watching where it does not yet (missing or replaced directory). One `stat`; call it now and then. */
  ensure(): void;
  close(): void;
}

export interface WatchOptions {
  /** How long a hint waits for others, ms; asked at each first hint. */
  readonly gatherMs: () => number;
  /** Names in the directory that are worth a hint. Default: all. */
  readonly concerns?: (name: string) => boolean;
}

/** Calls `changed` when a file of this path may have changed, was replaced or appeared. */
export function watchFile(path: string, options: WatchOptions, changed: () => void): PathWatch {
  return watchDirectory(dirname(path), { ...options, concerns: (name) => name === basename(path) }, changed);
}

/**
 * Calls `changed` once for all events within `gatherMs`, at their end. A directory that does not exist is waited for: the
 * nearest one above that exists is watched for the name that leads there.
 */
export function watchDirectory(directory: string, options: WatchOptions, changed: () => void): PathWatch {
  const { gatherMs, concerns = () => true } = options;
  let watcher: ReturnType<typeof watch> | undefined;
  let watched: { readonly path: string; readonly inode: number } | undefined;
  let closed = false;
  let gathering = false;

  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
    watched = undefined;
  };
  const tell = async (): Promise<void> => {
    if (gathering) return;
    gathering = true;
    await Bun.sleep(gatherMs());
    gathering = false;
    if (!closed) changed();
  };
  const ensure = (): void => {
    const nearest = closed ? undefined : nearestDirectory(directory);
    if (nearest === undefined || (nearest.path === watched?.path && nearest.inode === watched.inode)) return;
    const waited = watched !== undefined;
    stop();
    const arrived = nearest.path === directory;
    try {
      watcher = watch(nearest.path, { persistent: false }, (_, name) => {
        // Its own name: it was moved or removed itself.
        if (name === null || name === (arrived ? basename(directory) : nearest.next)) ensure();
        if (arrived && (name === null || concerns(name))) void tell();
      });
      watcher.on("error", stop);
      watched = nearest;
    } catch {
      // Gone in this moment, or no more watches to be had: the next call tries again.
      return;
    }
    if (!arrived && nearestDirectory(directory)?.path !== nearest.path) ensure();
    // What came before the watch stood.
    else if (arrived && waited) void tell();
  };
  return {
    ensure,
    close: () => {
      closed = true;
      stop();
    },
  };
}

/** The directory, or the nearest above it that exists, with the name in it that leads there. */
function nearestDirectory(
  directory: string,
): { readonly path: string; readonly inode: number; readonly next: string } | undefined {
  for (let path = directory, next = ""; ; next = basename(path), path = dirname(path)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) return { path, inode: found.ino, next };
    if (path === dirname(path)) return undefined;
  }
}
