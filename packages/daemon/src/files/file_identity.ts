import { statSync } from "node:fs";

/**
 * Tells the file at `path` from another one that takes its place. Inode numbers are used again at once; the birth time tells
 * two of them apart where the file system knows it. Undefined: nothing is there, or it cannot be looked at.
 */
export function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${String(dev)}:${String(ino)}:${String(birthtimeMs)}`;
  } catch {
    return undefined;
  }
}
