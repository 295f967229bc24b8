/** A disk of its own over a directory, for who may mount. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  unmount(): void;
}

/** `size`: as mount takes it, e.g. `16m`. */
export function mountSmallDisk(path: string, size: string): SmallDisk {
  const { exitCode } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  if (exitCode !== 0) throw new Error(`cannot mount a disk of ${size} at ${path}`);
  // Lazily: whoever has a file open there keeps it, and the name is free.
  return { unmount: () => void Bun.spawnSync(["umount", "-l", path]) };
}

/** Undefined where mounting is allowed. */
export function whyNoMounts(): string | undefined {
  if (process.getuid?.() !== 0) return " (needs root)";
  const path = mkdtempSync(join(tmpdir(), "kloros-mount-"));
  try {
    mountSmallDisk(path, "64k").unmount();
    return undefined;
  } catch {
    return " (needs the right to mount)";
  } finally {
    rmSync(path, { recursive: true });
  }
}

export function fillWith(directory: string, bytes: number): void {
  writeFileSync(join(directory, "filler"), Buffer.alloc(bytes));
}
