/**
 * The directory of intents: lists, looks at, and takes files out without ever destroying a newer one.
 *
 * Invariant: a file leaves only as the file that was looked at. Checking a name and then removing it would race with a
 * writer that renames another file into place in between; so a file is first renamed into `.claimed/`, looked at
 * there, and only then removed. What turns out to be newer stays in `.claimed/` and is routed from there, under its name.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { crashPoint, errorCode } from "@kloros/daemon";
import { lookAtFile, signatureOf } from "./file_look.ts";
import type { FileLook, Looked } from "./file_look.ts";

const CLAIMED = ".claimed";

export type TakeResult =
  /** It is below `at`, out of every writer's way. */
  | { readonly kind: "taken"; readonly at: string }
  /** It was written to or replaced since it was looked at; what is there now waits under `waiting`. */
  | { readonly kind: "replaced"; readonly waiting: string }
  | { readonly kind: "gone" }
  /** The directory does not let go of it (read-only, permissions); it stays below `at`, try later. */
  | { readonly kind: "stuck"; readonly at: string; readonly reason: string };

export interface IntentDirectory {
  readonly root: string;
  /** Paths below the root: `<name>.json`, and what waits claimed. Throws when the directory cannot be read. */
  list(): readonly string[];
  look(path: string): Looked;
  /** Moves the file that `look` saw out of the writers' reach. */
  take(path: string, look: FileLook): TakeResult;
  /** `take`, then removes it. */
  remove(path: string, look: FileLook): TakeResult;
  /** Unchanged since `signature`? */
  isSame(path: string, signature: string): boolean;
}

/** Names that are intents: `.tmp` files of writers, hidden files and others are not. */
export function isIntentName(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}

/** The name that a path below the root stands for; claimed files keep theirs. */
export function intentName(path: string): string {
  return basename(path);
}

export function openIntentDirectory(
  root: string,
  options: { readonly sizeBytesMax: number },
): IntentDirectory {
  const claimedRoot = join(root, CLAIMED);
  const directory: IntentDirectory = {
    root,
    list() {
      const claimed = listOptional(claimedRoot).map((name) => `${CLAIMED}/${name}`);
      return [...claimed, ...readdirSync(root)].filter((path) => isIntentName(basename(path)));
    },
    look: (path) => lookAtFile(join(root, path), options.sizeBytesMax),
    take(path, look) {
      const at = `${CLAIMED}/${intentName(path)}`;
      const obstacle = path === at ? undefined : claim(root, path, at);
      if (obstacle !== undefined) return obstacle;
      crashPoint("router.claimed");
      const same = isSameIntent(join(root, at), look, options.sizeBytesMax);
      return same ? { kind: "taken", at } : { kind: "replaced", waiting: at };
    },
    remove(path, look) {
      const taken = directory.take(path, look);
      return taken.kind === "taken" ? removeTaken(root, taken) : taken;
    },
    isSame: (path, signature) => signatureOf(join(root, path)) === signature,
  };
  return directory;
}

function claim(root: string, path: string, at: string): TakeResult | undefined {
  // Only this process writes below `.claimed/`, so looking before renaming is safe.
  if (existsSync(join(root, at))) {
    return { kind: "stuck", at: path, reason: `${join(root, at)} has to be routed first` };
  }
  try {
    renameInto(join(root, path), join(root, at));
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return { kind: "gone" };
    return {
      kind: "stuck",
      at: path,
      reason: `cannot move ${join(root, path)} away: ${code ?? String(error)}`,
    };
  }
}

function renameInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const directory = join(to, "..");
    if (errorCode(error) !== "ENOENT" || existsSync(directory)) throw error;
    mkdirSync(directory, { recursive: true });
    renameSync(from, to);
  }
}

function removeTaken(root: string, taken: TakeResult & { readonly kind: "taken" }): TakeResult {
  try {
    unlinkSync(join(root, taken.at));
    return taken;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return taken;
    return {
      kind: "stuck",
      at: taken.at,
      reason: `cannot remove ${join(root, taken.at)}: ${code ?? String(error)}`,
    };
  }
}

/**
 * Time stamps of files move in steps of some milliseconds, so a fresh file may have been rewritten without a trace;
 * and a writer that adds the last line feed after we have read a complete object changes the file, not the intent.
 * In both cases the content decides.
 */
function isSameIntent(path: string, look: FileLook, sizeBytesMax: number): boolean {
  const now = lookAtFile(path, sizeBytesMax);
  if (now.kind !== "file") return false;
  if (now.sizeBytes > sizeBytesMax || look.sizeBytes > sizeBytesMax) return now.signature === look.signature;
  const inode = (signature: string): string => signature.slice(0, signature.indexOf(":"));
  return inode(now.signature) === inode(look.signature) && sameButTrailingSpace(now.bytes, look.bytes);
}

function sameButTrailingSpace(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(withoutTrailingSpace(a), withoutTrailingSpace(b)) === 0;
}

/** Space, tab, line feed, carriage return: what JSON allows after a value. */
function withoutTrailingSpace(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && [0x20, 0x09, 0x0a, 0x0d].includes(bytes[end - 1] ?? 0)) end -= 1;
  return bytes.subarray(0, end);
}

function listOptional(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
