/**
 * Gives a rejected intent file to the router again: `intents/rejected/` or the dead letter's content → `intents/`.
 *
 * Invariants: the router sees the whole file or none (it appears by one link, synced before); nothing is overwritten; done
 * twice (a crash before the letter is noted as resubmitted), it is one intent: the file's time is the letter's, and the
 * router's id of it derives from name, content and time.
 */
import {
  chownSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { errorCode, syncDirectory, syncFile } from "@kloros/daemon";

export interface RejectedFile {
  /** Number of the dead letter. */
  readonly n: number;
  readonly name: string;
  readonly content: Uint8Array;
  /** False: `content` is only the beginning of a larger file. */
  readonly whole: boolean;
  /** Dead since, UTC ms: what the file's time is set to. */
  readonly deadAt: number;
  /** In place of `content`. */
  readonly edited?: Uint8Array;
}

export interface IntentPlaces {
  readonly intents: string;
  readonly intentsRejected: string;
}

/** Files of one name; beyond it the directory needs a person. */
const NUMBERS_MAX = 1000;

/** Returns the name that it has among the intents. Throws the file system's error, or one that says what is missing. */
export function resubmitFile(places: IntentPlaces, file: RejectedFile): string {
  if (!/^[^./\0][^/\0]*\.json$/.test(file.name))
    throw new Error(`${JSON.stringify(file.name)} is no name of an intent file`);
  const temporary = join(places.intents, `.resubmit-${file.n}.tmp`);
  const kept = findKept(places.intentsRejected, file);
  if (file.edited !== undefined) writeFileSync(temporary, file.edited);
  else if (kept !== undefined) renameSync(kept, temporary);
  else if (file.whole) writeFileSync(temporary, file.content);
  else if (!existsSync(temporary))
    throw new Error(
      `only the first ${file.content.length} bytes of ${file.name} are known, and ${places.intentsRejected} has it no more`,
    );
  finishFile(temporary, places.intents, file.deadAt);
  const name = linkUnderFreeName(temporary, places.intents, file.name);
  // Its content stays in the dead letter.
  if (file.edited !== undefined && file.whole && kept !== undefined) rmSync(kept, { force: true });
  unlinkSync(temporary);
  syncDirectory(places.intents);
  return name;
}

/** Where the router keeps it, if it is still what the letter says. */
function findKept(directory: string, { name, content, whole }: RejectedFile): string | undefined {
  for (let number = 0; number < NUMBERS_MAX; number++) {
    const path = join(directory, numbered(name, number));
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return undefined;
    if (whole ? size !== content.length : size <= content.length) continue;
    if (Buffer.compare(readFileSync(path).subarray(0, content.length), content) === 0) return path;
  }
  return undefined;
}

function finishFile(path: string, directory: string, deadAt: number): void {
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  utimesSync(path, deadAt / 1000, deadAt / 1000);
  syncFile(path);
}

function linkUnderFreeName(from: string, directory: string, name: string): string {
  for (let number = 0; number < NUMBERS_MAX; number++) {
    const target = join(directory, numbered(name, number));
    try {
      linkSync(from, target);
      return numbered(name, number);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      if (isSame(from, target)) return numbered(name, number);
    }
  }
  throw new Error(`${directory} holds ${NUMBERS_MAX} files named like ${name}; clear it`);
}

/** An earlier run was cut off right after this. */
function isSame(one: string, other: string): boolean {
  const stats = [statSync(one), statSync(other, { throwIfNoEntry: false })] as const;
  if (stats[0].mtimeMs !== stats[1]?.mtimeMs || stats[0].size !== stats[1].size) return false;
  return Buffer.compare(readFileSync(one), readFileSync(other)) === 0;
}

function numbered(name: string, number: number): string {
  return number === 0 ? name : `${name.slice(0, -".json".length)}.${number}.json`;
}
