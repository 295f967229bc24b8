/** A program becomes a release beside the others. Nothing is switched. */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, syncDirectory, syncFile } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { makeDirectories } from "../files/make_directories.ts";
import { hashFile, isWhole } from "./check_release.ts";
import type { ReleaseDescription } from "./release_description.ts";
import { PROGRAM, type Release, type ReleaseStore } from "./release_store.ts";

/** Of the hash, in the release's name: two builds of one version are two releases. */
const BUILD_DIGITS = 8;

/** What `program` is as a release; changes nothing. */
export async function identify(program: string, description: ReleaseDescription): Promise<Release> {
  const sha256 = await hashFile(program);
  const { version, programs, journal } = description;
  return {
    id: `${version}-${sha256.slice(0, BUILD_DIGITS)}`,
    version,
    sha256,
    bytes: statSync(program).size,
    programs,
    journal,
  };
}

/**
 * Whether it was not there yet, whole: one that was damaged is made anew. Under the installation's lock.
 * Throws `Failure` when there is no room, or the place cannot be written, or the program changed since it was looked at.
 */
export async function addRelease(store: ReleaseStore, program: string, release: Release): Promise<boolean> {
  if (await isWhole(store, release)) return false;
  const place = store.directoryOf(release.id);
  const staging = join(store.releasesDirectory, `.staging-${release.id}`);
  try {
    makeDirectories(store.releasesDirectory);
    store.forgetHalves();
    needRoom(store.releasesDirectory, release);
    fill(staging, program, release);
    if ((await hashFile(join(staging, "bin", PROGRAM))) !== release.sha256)
      throw new Failure(
        "negative",
        `${program} changed while it was copied (a build that goes on?); nothing was changed, say it again when it is done`,
      );
    if (existsSync(place)) store.remove(release.id);
    renameSync(staging, place);
    syncDirectory(store.releasesDirectory);
    syncDirectory(store.base);
    return true;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw writeError(error, place);
  }
}

function fill(staging: string, program: string, release: Release): void {
  const bin = join(staging, "bin");
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  const copy = join(bin, PROGRAM);
  copyFileSync(program, copy, constants.COPYFILE_FICLONE);
  chmodSync(copy, 0o755);
  syncFile(copy);
  for (const name of release.programs) symlinkSync(PROGRAM, join(bin, name));
  const note = join(staging, "release.json");
  writeFileSync(note, `${JSON.stringify(release, null, 2)}\n`, { mode: 0o644 });
  chmodSync(note, 0o644);
  syncFile(note);
  // The umask of whoever installs is not the services' business.
  for (const directory of [staging, bin]) chmodSync(directory, 0o755);
  syncDirectory(bin);
  syncDirectory(staging);
}

function needRoom(directory: string, { id, bytes }: Release): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new Failure(
    "negative",
    `${directory} has ${megabytes(free)} left and the release ${id} needs ${megabytes(bytes)}; ` +
      "make room there (`kloros release list` shows what is kept), then say this again; nothing was changed",
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

const REASONS: Readonly<Record<string, string>> = {
  EROFS: "the file system is read-only; remount it for writing, or install elsewhere with --root or --user",
  EACCES: "this user may not write there: run it as root (sudo), or install for yourself with --user",
  EPERM: "this user may not do that: run it as root (sudo), or install for yourself with --user",
  ENOSPC: "the disk is full; make room and say this again: what is there already is gone on with",
  EDQUOT: "the quota is used up; make room and say this again: what is there already is gone on with",
};

/** A file system's refusal in words that say what to do; anything else as it is. */
export function writeError(error: unknown, path: string): unknown {
  const why = REASONS[errorCode(error) ?? ""];
  if (why === undefined) return error;
  const where = (error as NodeJS.ErrnoException).path ?? path;
  return new Failure("negative", `cannot write ${dirname(where)}: ${why}`, { cause: error });
}
