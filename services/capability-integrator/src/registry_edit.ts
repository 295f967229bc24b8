/**
 * Adds an entry to the text of `capabilities.yaml`, or takes it out again. Text in, text out. Pure.
 *
 * Invariants, checked on every result before it is returned: the text without the inserted part is the old text;
 * every old entry still means what it meant to a YAML 1.1 reader; the new one means what it should. A text for which
 * no such edit is found is refused.
 */
import { blockText, entryContent, flowText } from "./registry_entry.ts";
import type { RegistryEntry } from "./registry_entry.ts";
import { parseRegistry, RegistrySyntaxError } from "./registry_document.ts";
import type { RegistryDocument } from "./registry_document.ts";

/** The file is fine, but this change of it is not possible. */
export class RegistryEditError extends Error {
  override readonly name = "RegistryEditError";
}

export interface Insertion {
  /** The registry after the edit; its `text` is what to write. */
  readonly document: RegistryDocument;
  /** Exactly what was put in, in one piece; cutting it out restores the old text. */
  readonly inserted: string;
}

interface Candidate {
  readonly offset: number;
  readonly text: string;
}

/** A key longer than this is no key to YAML 1.1 readers any more (their limit is 1024 characters). */
const KEY_LENGTH_MAX = 1000;

/** Throws `RegistryEditError`: key taken, or no place in this text that keeps the promise. */
export function insertEntry(document: RegistryDocument, key: string, entry: RegistryEntry): Insertion {
  if (document.entries.has(key)) throw new RegistryEditError(`the registry has an entry "${key}" already`);
  if (key === "" || !key.isWellFormed() || flowText(key, entry).indexOf(": {") > KEY_LENGTH_MAX) {
    throw new RegistryEditError(
      `"${key.slice(0, 100)}" cannot be a key of a YAML file (empty, too long or not Unicode)`,
    );
  }
  for (const candidate of candidates(document, key, entry)) {
    const edited = tryInsert(document, candidate, key, entry);
    if (edited !== undefined) return { document: edited, inserted: candidate.text };
  }
  throw new RegistryEditError(
    `found no place for "${key}" that leaves the rest of the file unchanged; add it by hand`,
  );
}

function candidates(document: RegistryDocument, key: string, entry: RegistryEntry): Candidate[] {
  const { text, newline, at } = document;
  if (at.style === "flow") {
    return [{ offset: at.end, text: `${at.commaNeeded ? ", " : ""}${flowText(key, entry)}` }];
  }
  const block = blockText(key, entry, { indent: at.indent, step: at.step, newline });
  const before = text.slice(0, at.end);
  const open = before !== "" && before !== "\uFEFF" && !before.endsWith("\n");
  // A file without a line break at its end stays one: the entry brings its break in front instead of behind.
  const fitted = open ? newline + block.slice(0, -newline.length) : block;
  const apart =
    at.blankLineBetween && !/\n[ \t]*\r?\n$/.test(before) ? [{ offset: at.end, text: newline + fitted }] : [];
  const atEnd = at.endIsOpenScalar ? [] : [...apart, { offset: at.end, text: fitted }];
  return [...atEnd, ...(at.first === undefined ? [] : [{ offset: at.first, text: block }])];
}

function tryInsert(
  old: RegistryDocument,
  candidate: Candidate,
  key: string,
  entry: RegistryEntry,
): RegistryDocument | undefined {
  const text = old.text.slice(0, candidate.offset) + candidate.text + old.text.slice(candidate.offset);
  return (
    appendedBehindTail(old, candidate, text, key, entry) ?? insertedAnywhere(old, candidate, text, key, entry)
  );
}

/**
 * The quick way for many insertions in a row: the text ends with an entry that an earlier, fully checked edit put
 * there, and this one goes right behind it. What lies before cannot be affected, so only the two are parsed.
 */
function appendedBehindTail(
  old: RegistryDocument,
  candidate: Candidate,
  text: string,
  key: string,
  entry: RegistryEntry,
): RegistryDocument | undefined {
  const { tail, at } = old;
  if (tail === undefined || at.style !== "block" || candidate.offset !== old.text.length) return undefined;
  const header = at.path.map((name) => `${name}:${old.newline}`).join("");
  const seen = parsed(header + tail.text + candidate.text);
  const content = entryContent(entry);
  const meant = new Map([
    [tail.key, tail.entry],
    [key, content],
  ]);
  if (seen === undefined || !Bun.deepEquals(entriesAt(seen.content, at.path), meant, true)) return undefined;
  return grown(old, text, candidate, key, entry);
}

function insertedAnywhere(
  old: RegistryDocument,
  candidate: Candidate,
  text: string,
  key: string,
  entry: RegistryEntry,
): RegistryDocument | undefined {
  const seen = parsed(text);
  if (seen === undefined) return undefined;
  const before = old.content ?? parseRegistry(old.text).content;
  if (!isOnlyAddition(before, seen.content, old.at.path, key, entry)) return undefined;
  const isTail = old.at.style === "block" && candidate.offset === old.text.length;
  return isTail ? grown(seen, text, candidate, key, entry) : seen;
}

/** The document after an append at the very end, without parsing it again. */
function grown(
  old: RegistryDocument,
  text: string,
  candidate: Candidate,
  key: string,
  entry: RegistryEntry,
): RegistryDocument {
  const entries = new Map(old.entries);
  entries.set(key, { module: entry.module, autoDiscovered: true, discoveredAt: entry.discovered_at });
  return {
    text,
    newline: old.newline,
    at: { ...old.at, end: text.length },
    entries,
    content: undefined,
    tail: { text: candidate.text.replace(/^[\r\n]+/, ""), key, entry: entryContent(entry) },
  };
}

export type Removal =
  | { readonly removed: true; readonly text: string }
  | { readonly removed: false; readonly reason: "absent" | "changed"; readonly message: string };

/** What an insertion left behind for its undoing. */
export interface InsertedEntry {
  readonly key: string;
  readonly entry: RegistryEntry;
  readonly inserted: string;
}

/** Takes out exactly what was inserted, if it is still there and unchanged. Throws `RegistrySyntaxError`. */
export function removeEntry(text: string, what: InsertedEntry): Removal {
  const document = parseRegistry(text);
  if (!document.entries.has(what.key)) {
    return { removed: false, reason: "absent", message: `the registry has no entry "${what.key}" any more` };
  }
  for (const cut of cuts(text, what.inserted, document.at.style)) {
    const seen = parsed(cut);
    const same =
      seen !== undefined &&
      isOnlyAddition(seen.content, document.content, document.at.path, what.key, what.entry);
    if (same) return { removed: true, text: cut };
  }
  const message = `the entry "${what.key}" was changed since it was added; edit the registry by hand`;
  return { removed: false, reason: "changed", message };
}

/**
 * Ways to take the piece out, the exact one first. The others are for neighbours that changed since: an entry that was
 * first in its flow mapping takes the comma behind it along, one whose comma went with an earlier removal has none, and
 * a block scalar that keeps its blank lines (`|+`) must not inherit the one between two entries.
 */
function* cuts(text: string, inserted: string, style: "block" | "flow"): Generator<string> {
  const core = inserted.replace(style === "flow" ? /^, / : /^[\r\n]+/, "");
  for (const piece of new Set([inserted, core])) {
    for (let found = text.indexOf(piece); found !== -1; found = text.indexOf(piece, found + 1)) {
      const before = text.slice(0, found);
      const behind = text.slice(found + piece.length);
      if (style === "block" && !piece.endsWith("\n") && !/^(?:\r?\n|$)/.test(behind)) continue;
      yield before + behind;
      yield before + behind.replace(style === "flow" ? /^\s*,\s?/ : /^\r?\n/, "");
    }
  }
}

function parsed(text: string): RegistryDocument | undefined {
  try {
    return parseRegistry(text);
  } catch (error) {
    if (error instanceof RegistrySyntaxError) return undefined;
    throw error;
  }
}

/** Is `after` what `before` was, plus this one entry in its place? */
function isOnlyAddition(
  before: unknown,
  after: unknown,
  path: readonly string[],
  key: string,
  entry: RegistryEntry,
): boolean {
  const grownMap = entriesAt(after, path);
  if (!(grownMap instanceof Map)) return false;
  if (!Bun.deepEquals(grownMap.get(key), entryContent(entry), true)) return false;
  const rest = new Map<unknown, unknown>(grownMap);
  rest.delete(key);
  const emptied = rest.size === 0 && entriesAt(before, path) === null ? null : rest;
  return Bun.deepEquals(replacedAt(after, path, emptied), before, true);
}

function entriesAt(content: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (at instanceof Map ? (at.get(name) as unknown) : undefined),
    content,
  );
}

function replacedAt(content: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...deeper] = path;
  if (name === undefined) return value;
  if (!(content instanceof Map)) return content;
  return new Map<unknown, unknown>(content).set(
    name,
    replacedAt(content.get(name) as unknown, deeper, value),
  );
}
