/**
 * Moves a promotion without overwriting anything and without taking one that was put in its place a moment ago.
 *
 * The file is first claimed by a rename into `.claimed/` of its directory, then looked at: what is claimed cannot be
 * replaced any more. A claim that a crash left behind is put back by the next look.
 */
import { crashPoint, errorCode, syncDirectory, syncFile } from "@kloros/daemon";
import { createHash } from "node:crypto";
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { basename, join } from "node:path";

const CLAIMED = ".claimed";

export interface Move {
  /** Directory it stands in. */
  readonly from: string;
  readonly file: string;
  /** Content that is meant, hex. */
  readonly sha256: string;
  /** Where it goes; a file there is it already, or this name would not have been chosen. */
  readonly to: string;
}

/** False: it is gone, or another content stands under its name and was left there. Throws the file system's error. */
export function movePromotion({ from, file, sha256, to }: Move): boolean {
  const claims = join(from, CLAIMED);
  mkdirSync(claims, { recursive: true });
  const claimed = join(claims, file);
  if (!takesPlace(() => renameSync(join(from, file), claimed))) {
    removeEmpty(claims);
    return false;
  }
  if (sha256Of(claimed) !== sha256) {
    returnClaims(from);
    return false;
  }
  crashPoint("monitor.claimed");
  try {
    settle(claimed, to, sha256);
  } catch (error) {
    returnClaims(from);
    throw error;
  }
  crashPoint("monitor.kept");
  unlinkSync(claimed);
  removeEmpty(claims);
  syncDirectory(from);
  return true;
}

/** Puts back what was claimed by a process that died. Throws the first error when all that can be is back. */
export function returnClaims(directory: string): void {
  const claims = join(directory, CLAIMED);
  let names: readonly string[];
  try {
    names = readdirSync(claims);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      putBack(join(claims, name), directory, name);
    } catch (error) {
      failures.push(error);
    }
  }
  removeEmpty(claims);
  if (failures.length > 0) throw failures[0];
}

const NAMES_MAX = 10_000;

/** Under its own name, or, when a new file has that, under one beside it. */
function putBack(claimed: string, directory: string, file: string): void {
  for (let n = 0; n < NAMES_MAX; n += 1) {
    const path = join(directory, numbered(basename(file, ".json"), n, ".json"));
    if (takesPlace(() => placeAt(claimed, path), "EEXIST") || sha256Of(path) === sha256Of(claimed)) {
      unlinkSync(claimed);
      return;
    }
  }
  throw new Error(`${directory} holds ${String(NAMES_MAX)} files named like ${file}; clear it up`);
}

/** On disk when it returns. The claim stays. */
function settle(claimed: string, to: string, sha256: string): void {
  if (!takesPlace(() => placeAt(claimed, to), "EEXIST") && sha256Of(to) !== sha256) {
    throw new Error(`${to} came into being while a promotion was moved there; it is moved at the next look`);
  }
  syncDirectory(join(to, ".."));
}

/** A second name within one file system, a synced copy otherwise. Throws EEXIST. */
function placeAt(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if (!["EXDEV", "EPERM", "EOPNOTSUPP", "ENOTSUP", "EMLINK"].includes(errorCode(error) ?? "")) throw error;
    copy(source, target);
  }
}

/** Complete and synced before it has its name, as far as that name is still free. */
function copy(source: string, target: string): void {
  if (sha256Of(target) !== undefined) throw Object.assign(new Error(`${target} exists`), { code: "EEXIST" });
  const temporary = `${target}.kloros-tmp`;
  rmSync(temporary, { force: true });
  copyFileSync(source, temporary, constants.COPYFILE_EXCL);
  syncFile(temporary);
  renameSync(temporary, target);
}

/** False for the one error that is an answer. */
function takesPlace(act: () => void, answer = "ENOENT"): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (errorCode(error) === answer) return false;
    throw error;
  }
}

/** Undefined when there is no such file. */
export function sha256Of(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, or gone: either is fine.
  }
}

const STEM_BYTES_MAX = 200;

/** `tts.json`, `tts.1.json`, …; a long stem is cut so that the name stays below the file system's 255 bytes. */
export function numbered(stem: string, n: number, ending: string): string {
  const short = n === 0 && ending === ".json" ? stem : cut(stem);
  return `${short}${n === 0 ? "" : `.${String(n)}`}${ending}`;
}

function cut(stem: string): string {
  if (Buffer.byteLength(stem) <= STEM_BYTES_MAX) return stem;
  const hash = createHash("sha256").update(stem).digest("hex").slice(0, 12);
  let short = stem.slice(0, STEM_BYTES_MAX - hash.length - 1);
  while (Buffer.byteLength(short) > STEM_BYTES_MAX - hash.length - 1) short = short.slice(0, -1);
  return `${short.toWellFormed()}-${hash}`;
}
