/**
 * Copies a source tree into a home. The copy grows under another name and gets its own in one rename: it is there as a
 * whole or not at all. A copy that was interrupted is gone on with: files that are there with the same size and time are
 * not copied again (a file gets its time last).
 */
import {
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  utimesSync,
} from "node:fs";
import { chmod, copyFile, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { writeCopyNote } from "../home/copied_from.ts";
import { FILES_MAX, type LeftOut, measureTree, type TreeFile, type TreeMeasure } from "./tree_walk.ts";

export interface CopyProgress {
  readonly phase: "measuring" | "copying";
  readonly files: number;
  /** 0 while measuring. */
  readonly filesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface CopyOptions {
  readonly abort: AbortSignal;
  readonly nowMs: () => number;
  readonly onProgress: (progress: CopyProgress) => void;
  /** Bytes that can still be written at a path. Default: asks the file system. */
  readonly freeBytes?: (path: string) => number;
  readonly filesMax?: number;
}

export interface Copied {
  readonly files: number;
  readonly bytes: number;
  /** Were there from an interrupted copy. */
  readonly resumed: number;
  readonly leftOut: LeftOut;
  readonly failed: readonly string[];
}

/** So much stays free, for the journal and everybody else. */
const RESERVE_BYTES = 64 * 1024 * 1024;
/** What a file takes at least. */
const BLOCK_BYTES = 4096;
const PARALLEL = 8;
const FAILED_MAX = 20;

/** Throws when the tree cannot be read, does not fit, or `abort` fires; what was copied so far then waits for the next try. */
export async function copyTree(from: string, to: string, options: CopyOptions): Promise<Copied> {
  const partial = `${to}.partial`;
  const { abort, onProgress, filesMax = FILES_MAX } = options;
  const measure = await measureTree(from, {
    except: dirname(to),
    filesMax,
    abort,
    onProgress: (files) => {
      onProgress({ phase: "measuring", files, filesTotal: 0, bytes: 0, bytesTotal: 0 });
    },
  });
  const waiting = measure.files.filter((file) => !isThere(file, partial));
  checkSpace(from, dirname(to), waiting, options);
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  const failed = await copyFiles({ from, partial, measure, waiting }, options);
  keepTimes(partial, measure);
  const copied: Copied = {
    files: measure.files.length - failed.length,
    bytes: measure.bytes,
    resumed: measure.files.length - waiting.length,
    leftOut: measure.leftOut,
    failed: failed.slice(0, FAILED_MAX),
  };
  const copiedAt = new Date(options.nowMs()).toISOString();
  writeCopyNote(partial, { from, copiedAt, files: copied.files, bytes: copied.bytes });
  renameSync(partial, to);
  return copied;
}

/** What was changed lately is told by directories too. The innermost first: changing one changes none above it. */
function keepTimes(partial: string, { directories }: TreeMeasure): void {
  for (const { path, mtimeMs } of directories.toReversed()) {
    const copy = join(partial, path);
    if (existsSync(copy)) utimesSync(copy, mtimeMs / 1000, mtimeMs / 1000);
  }
}

function isThere(file: TreeFile, partial: string): boolean {
  const path = join(partial, file.path);
  if (!existsSync(path)) return false;
  const { size, mtimeMs } = lstatSync(path);
  // File systems keep times to different precision.
  return size === file.bytes && Math.abs(mtimeMs - file.mtimeMs) < 1;
}

function checkSpace(from: string, place: string, waiting: readonly TreeFile[], options: CopyOptions): void {
  const needed = waiting.reduce((sum, { bytes }) => sum + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES, 0);
  const free = (options.freeBytes ?? freeBytes)(place);
  if (needed + RESERVE_BYTES <= free) return;
  throw new Error(
    `${from} needs ${megabytes(needed)} and ${megabytes(RESERVE_BYTES)} to spare, but ${place} has only ${megabytes(free)} free. ` +
      "Make room, give a --home on another disk, or use the tree where it lies with --in-place",
  );
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

interface Work {
  readonly from: string;
  readonly partial: string;
  readonly measure: TreeMeasure;
  readonly waiting: readonly TreeFile[];
}

/** Files that vanished or cannot be read are told, and stop nothing; a full disk stops. */
async function copyFiles(work: Work, { abort, onProgress }: CopyOptions): Promise<readonly string[]> {
  const { measure, waiting } = work;
  const failed: string[] = [];
  let files = measure.files.length - waiting.length;
  let bytes = measure.bytes - waiting.reduce((sum, file) => sum + file.bytes, 0);
  const made = new Set<string>();
  for (let start = 0; start < waiting.length; start += PARALLEL) {
    abort.throwIfAborted();
    const batch = waiting.slice(start, start + PARALLEL);
    for (const { path } of batch) makeDirectory(dirname(join(work.partial, path)), made);
    const results = await Promise.allSettled(batch.map((file) => copyOne(file, work)));
    for (const result of results) {
      if (result.status === "rejected") failed.push(refusal(result.reason));
    }
    files += batch.length;
    bytes += batch.reduce((sum, file) => sum + file.bytes, 0);
    onProgress({
      phase: "copying",
      files,
      filesTotal: measure.files.length,
      bytes,
      bytesTotal: measure.bytes,
    });
  }
  return failed;
}

function makeDirectory(path: string, made: Set<string>): void {
  if (made.has(path)) return;
  mkdirSync(path, { recursive: true });
  made.add(path);
}

async function copyOne(file: TreeFile, { from, partial }: Work): Promise<void> {
  const target = join(partial, file.path);
  rmSync(target, { force: true });
  await copyFile(join(from, file.path), target, constants.COPYFILE_FICLONE);
  // Its owner works on it from now on; the time says that it is complete.
  await chmod(target, (file.mode & 0o755) | 0o600);
  await utimes(target, file.mtimeMs / 1000, file.mtimeMs / 1000);
}

function refusal(reason: unknown): string {
  const code = reason instanceof Error && "code" in reason ? reason.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EIO") throw reason as Error;
  return messageOf(reason);
}

export function megabytes(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
