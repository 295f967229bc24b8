/**
 * A marker file that says "rest": the maintenance marker of the home, and one for each paused service or rule.
 *
 * That it exists is what counts, for old tools too: they make it empty and look only whether it is there. Ours write what
 * they mean as JSON. A marker whose `until` has passed is over; whoever may change files takes it away.
 */
import { lchownSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../error_code.ts";
import { writeFileAtomic } from "../files/write_file_atomic.ts";

export interface RestNote {
  /** UTC ms; undefined: until somebody takes it away. */
  readonly untilMs: number | undefined;
  /** Empty when nobody said why. */
  readonly reason: string;
  /** Who put it there; empty when not said. */
  readonly by: string;
  /** UTC ms; undefined when not said and the file does not tell. */
  readonly sinceMs: number | undefined;
}

/** What the file holds, and nothing more is read of it. */
const BYTES_MAX = 4096;
const TEXT_MAX = 500;

/** Undefined: there is none, or it is over. */
export function readMarker(path: string, nowMs: number): RestNote | undefined {
  const note = peekMarker(path);
  return note === undefined || isOver(note, nowMs) ? undefined : note;
}

export function isOver({ untilMs }: RestNote, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs;
}

/** Also one that is over. A marker that cannot be read counts: it is there. */
export function peekMarker(path: string): RestNote | undefined {
  let text = "";
  let sinceMs: number | undefined;
  try {
    sinceMs = statSync(path).mtimeMs;
    text = readFileSync(path, "utf8").slice(0, BYTES_MAX);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
  }
  return { sinceMs, ...parseNote(text) };
}

/** Anything that is not ours is a reason in words, without an end. */
function parseNote(text: string): Omit<RestNote, "sinceMs"> & { readonly sinceMs?: number } {
  const plain = { untilMs: undefined, reason: text.trim().slice(0, TEXT_MAX), by: "" };
  if (!text.trimStart().startsWith("{")) return plain;
  try {
    const { until, reason, by, since } = JSON.parse(text) as Record<string, unknown>;
    const sinceMs = momentMs(since);
    return {
      untilMs: momentMs(until),
      reason: words(reason),
      by: words(by),
      ...(sinceMs === undefined ? {} : { sinceMs }),
    };
  } catch {
    return plain;
  }
}

function momentMs(value: unknown): number | undefined {
  const atMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

function words(value: unknown): string {
  return typeof value === "string" ? value.slice(0, TEXT_MAX) : "";
}

export interface MarkerText {
  readonly reason: string;
  readonly by: string;
  readonly nowMs: number;
  readonly untilMs?: number | undefined;
}

/** Replaces one that is there. @throws the file system's error. */
export async function writeMarker(
  path: string,
  { reason, by, nowMs, untilMs }: MarkerText,
): Promise<RestNote> {
  const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
  const note = { since: new Date(nowMs).toISOString(), ...until, reason: words(reason), by: words(by) };
  const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(note)}\n`, { link: "replace" });
  if (process.getuid?.() === 0) leaveToOwner(path, made ?? path);
  return { untilMs, reason: note.reason, by: note.by, sinceMs: nowMs };
}

/**
 * What root makes for services of another user, from `first` down to `path`, belongs to whom it lies with: they could not look
 * into a directory otherwise, nor, by root's umask, read when a marker is over. Never through a link that they put there.
 */
function leaveToOwner(path: string, first: string): void {
  const { uid, gid } = statSync(dirname(first));
  for (let made = path; made.length >= first.length; made = dirname(made)) lchownSync(made, uid, gid);
}

/** False: there was none. @throws the file system's error. */
export function removeMarker(path: string): boolean {
  const existed = peekMarker(path) !== undefined;
  rmSync(path, { force: true });
  return existed;
}

/**
 * Takes away a marker that is over, and never one that was put there since it was looked at: it is taken aside first, so
 * that what is judged is what goes, and put back if it counts after all, unless a newer one stands there already.
 * True: this call took it away. Several processes may try at once.
 */
export function removeIfOver(path: string, nowMs: number): boolean {
  const aside = join(dirname(path), `.${basename(path)}.over.${process.pid}`);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  const note = peekMarker(aside);
  const over = note === undefined || isOver(note, nowMs);
  if (!over) putBack(aside, path);
  rmSync(aside, { force: true });
  return over;
}

function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
