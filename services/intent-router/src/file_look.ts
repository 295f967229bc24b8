/**
 * Looks at one file without trusting what stands in the directory: no link is followed, no pipe is waited for, and
 * content and signature belong together (a writer that is at work makes us look again).
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "@kloros/daemon";

export interface FileLook {
  readonly kind: "file";
  /** The first bytes, up to the limit. */
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  readonly writtenMs: number;
  /** Equal signatures: the same file, not written to since (inode, modification time, size). */
  readonly signature: string;
  /** Last write, ns as text: part of the intent's identity. */
  readonly writtenNs: string;
}

export type Looked =
  | FileLook
  | { readonly kind: "gone" }
  /** A directory, pipe or device: not an intent. */
  | { readonly kind: "other" }
  | { readonly kind: "denied"; readonly reason: string };

/** A file whose writer never pauses is looked at again by the next scan. */
const ATTEMPTS = 4;

export function lookAtFile(path: string, sizeBytesMax: number): Looked {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readStable(fd, sizeBytesMax);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return describeFailure(path, error);
  }
}

/** The signature alone, without opening; undefined when there is no such file. */
export function signatureOf(path: string): string | undefined {
  try {
    const stat = lstatSync(path, { bigint: true });
    return stat.isFile() ? signatureText(stat) : undefined;
  } catch {
    return undefined;
  }
}

function readStable(fd: number, sizeBytesMax: number): Looked {
  for (let attempt = 1; ; attempt += 1) {
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) return { kind: "other" };
    const bytes = readStart(fd, Math.min(Number(before.size), sizeBytesMax));
    const signature = signatureText(before);
    const stable = signature === signatureText(fstatSync(fd, { bigint: true }));
    if (!stable && attempt < ATTEMPTS) continue;
    return {
      kind: "file",
      // Half of one state and half of another is nothing: no bytes means "unfinished" to the decision.
      bytes: stable ? bytes : new Uint8Array(),
      sizeBytes: Number(before.size),
      writtenMs: Number(before.mtimeNs / 1_000_000n),
      signature,
      writtenNs: String(before.mtimeNs),
    };
  }
}

function readStart(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function signatureText(stat: {
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly size: bigint;
}): string {
  return `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
}

function describeFailure(path: string, error: unknown): Looked {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "gone" };
  // ENXIO: a socket; EISDIR is said of directories by some file systems.
  if (code === "ENXIO" || code === "EISDIR") return { kind: "other" };
  if (code === "ELOOP") {
    return { kind: "denied", reason: `${path} is a symbolic link; put the file itself there` };
  }
  return { kind: "denied", reason: `cannot read ${path}: ${code ?? String(error)}` };
}
