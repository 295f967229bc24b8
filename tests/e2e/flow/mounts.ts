/** Disks that are full or read-only, for root: a small tmpfs, and a bind mount without the right to write. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Mount {
  readonly path: string;
  unmount(): void;
}

const READ_ONLY_TRIES = 100;

const run = (...command: string[]): boolean => Bun.spawnSync(command).exitCode === 0;

/** Undefined where mounting is allowed; otherwise why not. */
export function whyNoMounts(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const path = mkdtempSync(join(tmpdir(), "kloros-mount-"));
  const able = run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path);
  if (able) run("umount", path);
  rmSync(path, { recursive: true });
  return able ? undefined : "needs the right to mount";
}

/** A disk of its own size over a directory, which keeps its content. */
export function mountSmall(path: string, size: string): Mount {
  const kept = mkdtempSync(join(tmpdir(), "kloros-kept-"));
  cpSync(path, kept, { recursive: true });
  const mount = mounted(path, "mount", "-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", path);
  cpSync(kept, path, { recursive: true });
  rmSync(kept, { recursive: true });
  return mount;
}

/** The directory as it is, without the right to write. */
export function mountReadOnly(path: string): Mount {
  const mount = mounted(path, "mount", "--bind", path, path);
  // Refused while somebody who came in between has a file open to write.
  for (let tries = 0; tries < READ_ONLY_TRIES; tries++) {
    if (run("mount", "-o", "remount,bind,ro", path)) return mount;
    Bun.sleepSync(5);
  }
  mount.unmount();
  throw new Error(`cannot make ${path} read-only`);
}

function mounted(path: string, ...command: string[]): Mount {
  if (!run(...command)) throw new Error(`${command.join(" ")} failed`);
  let there = true;
  return {
    path,
    unmount: () => {
      // Lazily: whoever has a file open there keeps it, and the name is free.
      if (there) run("umount", "-l", path);
      there = false;
    },
  };
}

/** Takes what room is left; returns how to give it back. */
export function fill(directory: string): () => void {
  const filler = join(directory, "filler");
  for (const bytes of [1024 * 1024, 64 * 1024, 4096, 512]) {
    for (let n = 0; n < 4096; n++) {
      try {
        writeFileSync(filler, Buffer.alloc(bytes), { flag: "a" });
      } catch {
        break;
      }
    }
  }
  return () => {
    rmSync(filler);
  };
}
