/**
 * `intents/rejected/`: what could not become a signal, kept as it is, each with a note beside it that says why.
 *
 * Invariants: nothing here is ever overwritten (a second file of one name gets a number); a file whose content is not
 * what its note says (edited, replaced, or put here by hand) goes back to the intents once it has been quiet.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crashPoint, errorCode } from "@kloros/daemon";
import { lookAtFile, signatureOf } from "./file_look.ts";
import { linkNew } from "./link_new.ts";
import { isIntentName } from "./intent_directory.ts";

const NOTE = ".reason";
/** Of a file name in bytes: 255 less room for a number and the note's ending. */
const NAME_BYTES_MAX = 235;
/** Beyond it the directory needs a person, not a program. */
const NUMBERS_MAX = 100_000;
/** A copy's time is the original's but for what a floating-point number of seconds cannot hold. */
const COPIED_TIME_MS = 1;

export interface Rejection {
  readonly name: string;
  readonly reason: string;
  readonly digest: string;
  /** UTC ms. */
  readonly rejectedMs: number;
}

interface Note {
  readonly file: string;
  readonly reason: string;
  readonly sha256: string;
  readonly rejected_at: string;
}

interface Known {
  readonly signature: string;
  /** Monotonic ms since when a changed file has this signature; undefined: it is as its note says. */
  readonly changedSinceMs: number | undefined;
}

export interface RejectedDirectory {
  /** Moves `path` (a file that is ours alone) here; returns the name it got. */
  keep(path: string, rejection: Rejection): string;
  /** Moves files that changed back to `intents`; returns the paths they have there. */
  reviewChanges(nowMs: number): readonly string[];
}

export interface RejectedOptions {
  readonly intents: string;
  readonly quietMs: number;
  readonly sizeBytesMax: number;
  /** Of files looked at in a review. */
  readonly filesMax: number;
}

export function digestOf(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function openRejectedDirectory(root: string, options: RejectedOptions): RejectedDirectory {
  const known = new Map<string, Known>();
  return {
    keep(path, rejection) {
      mkdirSync(root, { recursive: true });
      const name = keepUnderFreeName(root, path, { ...rejection, sizeBytesMax: options.sizeBytesMax });
      const signature = signatureOf(join(root, name));
      if (signature !== undefined) known.set(name, { signature, changedSinceMs: undefined });
      return name;
    },
    reviewChanges(nowMs) {
      const names = listNames(root);
      const files = names.filter(isIntentName).slice(0, options.filesMax);
      forgetMissing(root, names, known);
      return files.flatMap((name) => {
        const next = review(root, name, known.get(name), { ...options, nowMs });
        if (next === undefined) known.delete(name);
        else known.set(name, next);
        if (next?.changedSinceMs === undefined || nowMs - next.changedSinceMs < options.quietMs) return [];
        known.delete(name);
        return giveBack(root, name, options);
      });
    },
  };
}

function keepUnderFreeName(
  root: string,
  path: string,
  rejection: Rejection & Pick<RejectedOptions, "sizeBytesMax">,
): string {
  for (let number = 0; number < NUMBERS_MAX; number += 1) {
    const name = numbered(rejection.name, number);
    const target = join(root, name);
    if (!isOneFile(path, target, rejection.sizeBytesMax)) {
      if (existsSync(target)) continue;
      writeNote(root, name, rejection);
      crashPoint("router.noted");
      if (!linkNew(path, target)) continue;
      crashPoint("router.kept");
    }
    unlinkSync(path);
    return name;
  }
  throw new Error(`${root} holds ${NUMBERS_MAX} files named like ${rejection.name}; clear it`);
}

/**
 * Two names of one file, or a file and its copy (see link_new.ts): an earlier run was cut off before it took the first one away.
 * Somebody else's of the same content and time is as good.
 */
function isOneFile(path: string, other: string, sizeBytesMax: number): boolean {
  const [here, there] = [path, other].map((one) => statSync(one, { throwIfNoEntry: false }));
  if (here === undefined || there === undefined || here.size !== there.size) return false;
  if (here.ino === there.ino && here.dev === there.dev) return true;
  if (Math.abs(here.mtimeMs - there.mtimeMs) > COPIED_TIME_MS) return false;
  const [look, copy] = [path, other].map((one) => lookAtFile(one, sizeBytesMax));
  return look?.kind === "file" && copy?.kind === "file" && digestOf(look.bytes) === digestOf(copy.bytes);
}

/** The note comes first: a file without one counts as changed and would be rejected again after a crash in between. */
function writeNote(root: string, name: string, rejection: Rejection): void {
  const note: Note = {
    file: rejection.name,
    reason: rejection.reason,
    sha256: rejection.digest,
    rejected_at: new Date(rejection.rejectedMs).toISOString(),
  };
  writeFileSync(join(root, name + NOTE), `${JSON.stringify(note, null, 2)}\n`);
}

/** `a.json`, `a.1.json`, …; a name that leaves no room is cut and told apart by its hash. */
function numbered(name: string, number: number): string {
  const stem = name.slice(0, -".json".length);
  const tooLong = Buffer.byteLength(name) > NAME_BYTES_MAX;
  const short = tooLong
    ? `${stem.slice(0, 40).toWellFormed()}-${digestOf(Buffer.from(name)).slice(0, 16)}`
    : stem;
  return number === 0 ? `${short}.json` : `${short}.${number}.json`;
}

function listNames(root: string): readonly string[] {
  try {
    return readdirSync(root);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function forgetMissing(root: string, names: readonly string[], known: Map<string, Known>): void {
  const present = new Set(names);
  for (const name of known.keys()) if (!present.has(name)) known.delete(name);
  for (const name of names) {
    if (!name.endsWith(NOTE) || present.has(name.slice(0, -NOTE.length))) continue;
    unlinkSync(join(root, name));
  }
}

type ReviewOptions = RejectedOptions & { readonly nowMs: number };

/** What is known of the file now; undefined: it is gone or cannot be read. */
function review(
  root: string,
  name: string,
  before: Known | undefined,
  options: ReviewOptions,
): Known | undefined {
  const path = join(root, name);
  const signature = signatureOf(path);
  if (signature === undefined) return undefined;
  if (before?.signature === signature) return before;
  const look = lookAtFile(path, options.sizeBytesMax);
  if (look.kind !== "file") return undefined;
  const same = readNote(root, name)?.sha256 === digestOf(look.bytes);
  return { signature: look.signature, changedSinceMs: same ? undefined : options.nowMs };
}

function readNote(root: string, name: string): Partial<Note> | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(join(root, name + NOTE), "utf8"));
    return typeof note === "object" && note !== null ? note : undefined;
  } catch {
    return undefined;
  }
}

/** By link, so that an intent of the same name is not overwritten and an open editor keeps its file. */
function giveBack(root: string, name: string, { intents, sizeBytesMax }: RejectedOptions): readonly string[] {
  const wanted = readNote(root, name)?.file;
  const original =
    typeof wanted === "string" && isIntentName(wanted) && !wanted.includes("/") ? wanted : name;
  for (let number = 0; number < NUMBERS_MAX; number += 1) {
    const target = number === 0 ? original : numbered(original, number);
    if (!isOneFile(join(root, name), join(intents, target), sizeBytesMax)) {
      if (!linkNew(join(root, name), join(intents, target))) continue;
      crashPoint("router.returned");
    }
    unlinkSync(join(root, name));
    return [target];
  }
  return [];
}
