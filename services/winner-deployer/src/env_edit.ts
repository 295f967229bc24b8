/** Sets keys in an environment file, and takes that back: text in, text out; every other byte stays. Pure. */
import type { KeyValue } from "./decide.ts";
import { effective, EnvSyntaxError, parseEnv } from "./env_document.ts";
import { quoteValue, quotingOf } from "./env_value.ts";

export interface KeyEdit {
  readonly key: string;
  /** As a reader understands it; null: the file did not have it. */
  readonly old: string | null;
  readonly new: string;
  /** As written. */
  readonly oldRaw: string | null;
  readonly newRaw: string;
}

export interface EnvEdit {
  readonly text: string;
  readonly edits: readonly KeyEdit[];
}

/** The file is well formed, and yet the change cannot be made so that every reader understands it. */
export class EnvEditError extends Error {
  override readonly name = "EnvEditError";
}

/**
 * Each key's last assignment gets its value, in the quoting that was there; a key that is missing gets a line at the end.
 * Throws `EnvSyntaxError` or `EnvEditError`.
 */
export function setKeys(text: string, values: readonly KeyValue[]): EnvEdit {
  let current = text;
  const edits: KeyEdit[] = [];
  if (values.some((one) => quoteValue(one.text, "none") !== one.text)) refuseOddQuotes(text);
  for (const { key, text: value } of values) {
    const found = effective(parseEnv(current), key);
    refuseSwallowed(found === undefined ? current : current.slice(0, found.start));
    const newRaw = rawFor(value, found);
    if (found === undefined) current = withLine(current, `${key}=${newRaw}`);
    else current = spliced(current, found.rawStart, found.rawStart + found.raw.length, newRaw);
    edits.push({ key, old: found?.value ?? null, new: value, oldRaw: found?.raw ?? null, newRaw });
  }
  refuseDifference(text, current, edits);
  return { text: current, edits };
}

export interface EnvRestoration {
  readonly text: string;
  /** Keys that have their old value again. */
  readonly restored: readonly string[];
  /** Keys that somebody else set since; theirs stays. */
  readonly foreign: readonly string[];
}

/** Gives back the old values of those keys that still have what `setKeys` wrote. Throws `EnvSyntaxError`. */
export function restoreKeys(text: string, edits: readonly KeyEdit[]): EnvRestoration {
  let current = text;
  const restored: string[] = [];
  const foreign: string[] = [];
  for (const edit of edits.toReversed()) {
    const found = effective(parseEnv(current), edit.key);
    if (found === undefined ? edit.oldRaw === null : found.raw === edit.oldRaw) continue;
    if (found?.raw !== edit.newRaw) {
      foreign.push(edit.key);
      continue;
    }
    if (edit.oldRaw === null) current = withoutLine(current, found.start, found.end);
    else current = spliced(current, found.rawStart, found.rawStart + found.raw.length, edit.oldRaw);
    restored.push(edit.key);
  }
  return { text: current, restored, foreign };
}

/** Those of the keys that do not have what `setKeys` wrote. Throws `EnvSyntaxError`. */
export function keysThatDiffer(text: string, edits: readonly KeyEdit[]): readonly string[] {
  const document = parseEnv(text);
  return edits.filter((edit) => effective(document, edit.key)?.raw !== edit.newRaw).map((edit) => edit.key);
}

/** What stands there already and means the same stays as it is written. */
function rawFor(value: string, found: { readonly raw: string; readonly value: string } | undefined): string {
  if (found?.value === value && found.raw !== "") return found.raw;
  const raw = quoteValue(value, quotingOf(found?.raw.trimStart() ?? ""));
  if (raw === undefined) throw new EnvEditError("no quoting can hold the value");
  return raw;
}

/** What stands before the line that is to be read. */
function refuseSwallowed(before: string): void {
  if (!/(?:^|\n)[ \t]*[#;][^\n]*\\\r?\n?$/.test(before)) return;
  const last = before.replace(/\r?\n$/, "").split("\n").length;
  const why = "a comment that ends with a backslash swallows the line behind it for some readers";
  throw new EnvSyntaxError(last, `is ${why}; remove the backslash`);
}

/** Quotes around the whole value, or none. */
function isWellQuoted(raw: string): boolean {
  if (quotingOf(raw) === "single") return /^'[^']*'$/.test(raw);
  return /^(?:"[^"]*"|[^'"]*)$/.test(raw.replaceAll(/\\[^]/g, ""));
}

/**
 * A shell opens a quote in the middle of a value, others do not: what is inside quotes further on for us may be outside for
 * it, and a text with blanks and such be taken for a command. A number or a word is harmless on either side.
 */
function refuseOddQuotes(text: string): void {
  const odd = parseEnv(text).assignments.find(({ raw }) => !isWellQuoted(raw.trimStart()));
  if (odd === undefined) return;
  const what = "has a quote in the middle of its value, which a shell takes for an open one";
  throw new EnvSyntaxError(odd.line, `${what}; put the whole value in quotes`);
}

/** The file ends as it did: with a line's end, or without. */
function withLine(text: string, line: string): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const isOpen = text !== "" && !text.endsWith("\n") && text !== "\uFEFF";
  return isOpen ? `${text}${end}${line}` : `${text}${line}${end}`;
}

/** The reverse of `withLine` too: a last line without an end takes the end of the one before along. */
function withoutLine(text: string, start: number, end: number): string {
  const before = text.slice(0, start);
  const isOpenEnd = end === text.length && !text.endsWith("\n");
  return (isOpenEnd ? before.replace(/\r?\n$/, "") : before) + text.slice(end);
}

function spliced(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** What is to be written is read again, and taken back, before it reaches the disk. */
function refuseDifference(before: string, after: string, edits: readonly KeyEdit[]): void {
  const document = parseEnv(after);
  for (const edit of edits) {
    if (effective(document, edit.key)?.value !== edit.new) {
      throw new EnvEditError(`${edit.key} would read back as another value`);
    }
  }
  if (restoreKeys(after, edits).text !== before) throw new EnvEditError("the change could not be taken back");
}
