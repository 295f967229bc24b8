import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes new and renamed names in a directory survive a power cut. Throws the file system's error. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
