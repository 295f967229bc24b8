/**
 * The releases on this machine, beside each other:
 *
 *   <base>/releases/<version>-<build>/bin/kloros     the program, and a link to it per service
 *   <base>/releases/<version>-<build>/release.json   what it is, and its hash
 *   <base>/current  -> releases/…                    what runs; switched by one rename
 *   <base>/previous -> releases/…                    where `release rollback` goes; not there when nothing came before
 *
 * Invariant: a directory in `releases` is whole: it is made under another name, synced, and renamed. `current` names a
 * whole one, at every moment but the one in which a damaged release gives way to its like.
 */
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, syncDirectory } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";

export const PROGRAM = "kloros";

export interface Release {
  /** `<version>-<build>`: the name of its directory. */
  readonly id: string;
  readonly version: string;
  /** Of `bin/kloros`. */
  readonly sha256: string;
  readonly bytes: number;
  readonly programs: readonly string[];
  readonly journal: { readonly version: number; readonly backTo: number };
}

export type ReleaseLink = "current" | "previous";

export class ReleaseStore {
  /** Where it is on this machine's disk, `--root` included. */
  readonly base: string;

  /** Links on the way there are followed: the kernel names what a process runs without them. */
  constructor(base: string) {
    this.base = existsSync(base) ? realpathSync(base) : base;
  }

  get releasesDirectory(): string {
    return join(this.base, "releases");
  }

  directoryOf(id: string): string {
    return join(this.releasesDirectory, id);
  }

  programOf(id: string): string {
    return join(this.directoryOf(id), "bin", PROGRAM);
  }

  /** By name. What is no release (a staging directory that a crash left) is not listed. */
  list(): readonly Release[] {
    return namesIn(this.releasesDirectory)
      .filter((name) => !name.startsWith("."))
      .flatMap((name) => this.read(name) ?? [])
      .toSorted((a, b) => compareText(a.id, b.id));
  }

  /** Undefined: there is no such release, or its `release.json` cannot be read. */
  read(id: string): Release | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.directoryOf(id), "release.json"), "utf8"));
      return isRelease(value) && value.id === id ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Id of the release that a link names; undefined: there is no link. Throws `Failure` for what is no link. */
  named(link: ReleaseLink): string | undefined {
    const path = join(this.base, link);
    try {
      return basename(readlinkSync(path));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      if (errorCode(error) !== "EINVAL") throw error;
      throw new Failure(
        "negative",
        `${path} is no link to a release (copied without its links?); move it away, then \`kloros install\` makes it anew`,
        { cause: error },
      );
    }
  }

  /** By one rename: whoever starts a program meanwhile gets the one or the other. */
  switchTo(link: ReleaseLink, id: string): void {
    replaceLink(join(this.base, link), join("releases", id));
  }

  forgetPrevious(): void {
    rmSync(join(this.base, "previous"), { force: true });
    syncDirectory(this.base);
  }

  /** What a crash left of releases that came or went. */
  forgetHalves(): void {
    for (const name of namesIn(this.releasesDirectory))
      if (/^\.(staging|removed)-/.test(name))
        rmSync(join(this.releasesDirectory, name), { recursive: true, force: true });
  }

  /** First its name goes: half a release is never listed. */
  remove(id: string): void {
    const gone = join(this.releasesDirectory, `.removed-${id}`);
    rmSync(gone, { recursive: true, force: true });
    renameSync(this.directoryOf(id), gone);
    rmSync(gone, { recursive: true, force: true });
  }
}

/** Atomic, and on disk when it returns. */
export function replaceLink(path: string, target: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.kloros-tmp`);
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** What a link says; undefined: there is none. */
export function readLink(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? readlinkSync(path)
    : undefined;
}

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isRelease(value: unknown): value is Release {
  if (typeof value !== "object" || value === null) return false;
  const { id, version, sha256, bytes, programs, journal } = value as Partial<Release>;
  return (
    [id, version, sha256].every((text) => typeof text === "string") &&
    Array.isArray(programs) &&
    [bytes, journal?.version, journal?.backTo].every((number) => Number.isInteger(number))
  );
}
