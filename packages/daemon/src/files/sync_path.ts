import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a file's content survive a power cut. Throws the file system's error. */
export function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes new and renamed names in a directory survive a power cut. Throws the file system's error. */
export function syncDirectory(directory: string): void {
  syncFile(directory);
}
