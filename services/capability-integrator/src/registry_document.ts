/**
 * Reads `capabilities.yaml` as its YAML 1.1 readers do and finds where an entry can be inserted. Pure.
 *
 * Entries are the keys of the top-level mapping, or of the mapping under a top-level `capabilities:` that is a
 * container (its own values are no attributes such as `module: x`). A file that cannot be edited safely (broken,
 * duplicate keys, several documents, a list) is refused with the place of the first problem.
 */
import { Composer, isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, Parser } from "yaml";
import type { Document, Pair, YAMLMap } from "yaml";
import { messageOf } from "@kloros/daemon";

/** `line` and `column` count from 1. */
export class RegistrySyntaxError extends Error {
  override readonly name = "RegistrySyntaxError";
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** What an entry says of itself, as far as it decides whether a module is registered. */
export interface RegisteredEntry {
  readonly module: string | undefined;
  readonly autoDiscovered: boolean;
  readonly discoveredAt: string | undefined;
}

export interface InsertionPoint {
  readonly style: "block" | "flow";
  /** Where entries live: `[]` top level, `["capabilities"]` nested. */
  readonly path: readonly string[];
  /** Offset in the text for an entry behind all others. */
  readonly end: number;
  /** Offset of the line of the first entry; absent when there is none. Block style only. */
  readonly first?: number;
  /** Column of the keys, and how many columns deeper their values are. */
  readonly indent: number;
  readonly step: number;
  readonly blankLineBetween: boolean;
  /** Flow style: there is an entry to separate from by a comma. */
  readonly commaNeeded: boolean;
  /** A line break at the end would become part of the last value (a block scalar without one). */
  readonly endIsOpenScalar: boolean;
}

export interface RegistryDocument {
  readonly text: string;
  readonly newline: "\n" | "\r\n";
  readonly at: InsertionPoint;
  readonly entries: ReadonlyMap<string, RegisteredEntry>;
  /** The whole file as meant (mappings as `Map`), for comparison; undefined after an edit known to be sound. */
  readonly content: unknown;
  /** The entry at the very end of the text, when an edit of ours put it there. */
  readonly tail?: {
    readonly text: string;
    readonly key: string;
    readonly entry: ReadonlyMap<string, unknown>;
  };
}

type Root = YAMLMap;
const CONTAINER = "capabilities";

/** Throws `RegistrySyntaxError`. */
export function parseRegistry(text: string): RegistryDocument {
  const { document, docEnd } = compose(text);
  const root = rootOf(document, text);
  const { map, path, keyNode } = targetOf(root, text);
  return {
    text,
    newline: /\r\n[^\n]*$/.test(text) ? "\r\n" : "\n",
    at: insertionPoint(text, { root, map, path, keyNode, docEnd }),
    entries: new Map([...entriesOf(root), ...(map === root ? [] : entriesOf(map))]),
    content: contentOf(document, text),
  };
}

function compose(text: string): { document: Document.Parsed; docEnd: number } {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const composer = new Composer({ version: "1.1", keepSourceTokens: true, prettyErrors: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  for (const document of documents) {
    const error = document.errors[0];
    if (error !== undefined) throw at(text, error.pos[0], error.message);
  }
  const second = documents[1];
  if (second !== undefined) {
    throw at(text, second.range[0], "several YAML documents in one file, the registry is one");
  }
  const document = documents[0];
  if (document === undefined) throw at(text, 0, "no YAML document");
  const docEnd = tokens.find((token) => token.type === "doc-end");
  return { document, docEnd: docEnd?.offset ?? text.length };
}

function rootOf(document: Document.Parsed, text: string): Root | undefined {
  const contents: unknown = document.contents;
  if (isMap(contents)) return contents;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === "")) {
    return undefined;
  }
  const offset = isNode(contents) ? (contents.range?.[0] ?? 0) : 0;
  throw at(text, offset, "the top level is not a mapping (name: …), so no entry can be added to it");
}

interface Target {
  readonly map: Root | undefined;
  readonly path: readonly string[];
  /** The key `capabilities` itself, when its value is still empty. */
  readonly keyNode?: unknown;
}

function targetOf(root: Root | undefined, text: string): Target {
  const pair = root?.items.find((item) => keyText(item) === CONTAINER);
  if (root === undefined || pair === undefined) return { map: root, path: [] };
  const value = pair.value;
  if (isMap(value)) {
    const map = value;
    return isContainer(map) ? { map, path: [CONTAINER] } : { map: root, path: [] };
  }
  if (value === null || (isScalar(value) && value.value === null && (value.source ?? "") === "")) {
    return { map: undefined, path: [CONTAINER], keyNode: pair.key };
  }
  const offset = isNode(value) ? (value.range?.[0] ?? 0) : 0;
  throw at(text, offset, "the value of capabilities: is not a mapping, so no entry can be added to it");
}

/** A module that happens to be called "capabilities" has attributes; a container has entries. */
function isContainer(map: Root): boolean {
  return map.items.every((item) => isMap(item.value) || isAlias(item.value));
}

interface Found {
  readonly root: Root | undefined;
  readonly map: Root | undefined;
  readonly path: readonly string[];
  readonly keyNode: unknown;
  readonly docEnd: number;
}

function insertionPoint(text: string, found: Found): InsertionPoint {
  const { root, map, path, docEnd } = found;
  if (map !== undefined && map.srcToken?.type === "flow-collection") return flowPoint(map, path);
  const rootIndent = indentOf(root) ?? 0;
  const step = stepOf(map ?? root, indentOf(map) ?? rootIndent);
  const isLast = map === root || lastPair(root)?.value === map || map === undefined;
  const last = lastPair(map);
  const atDocEnd =
    isLast && (map !== undefined || path.length === 0 || keyText(lastPair(root)) === CONTAINER);
  const end = atDocEnd
    ? docEnd
    : lineAfter(text, last === undefined ? endOf(found.keyNode) : endOfPair(last));
  const first = map?.items[0];
  return {
    style: "block",
    path,
    end,
    ...(first === undefined ? {} : { first: lineStart(text, startOf(first.key)) }),
    indent: indentOf(map) ?? (path.length === 0 ? rootIndent : rootIndent + step),
    step,
    blankLineBetween: hasBlankAbove(text, map),
    commaNeeded: false,
    endIsOpenScalar: end === text.length && endsInOpenScalar(last ?? lastPair(root), text),
  };
}

function flowPoint(map: Root, path: readonly string[]): InsertionPoint {
  const last = lastPair(map);
  return {
    style: "flow",
    path,
    end: last === undefined ? (map.range?.[0] ?? 0) + 1 : endOfPair(last),
    indent: 0,
    step: 0,
    blankLineBetween: false,
    commaNeeded: last !== undefined,
    endIsOpenScalar: false,
  };
}

function indentOf(map: Root | undefined): number | undefined {
  return map?.srcToken?.type === "block-map" ? map.srcToken.indent : undefined;
}

function stepOf(map: Root | undefined, indent: number): number {
  for (const item of map?.items ?? []) {
    const inner = isMap(item.value) ? indentOf(item.value) : undefined;
    if (inner !== undefined && inner > indent) return inner - indent;
  }
  return 2;
}

/** Do the file's entries stand apart? Asked of the last one: is the line above it (and its comments) blank? */
function hasBlankAbove(text: string, map: Root | undefined): boolean {
  const last = lastPair(map);
  if (map === undefined || last === undefined || map.items.length < 2) return false;
  const above = text
    .slice(0, lineStart(text, startOf(last.key)))
    .split(/\r?\n/)
    .slice(0, -1);
  for (let line = above.pop(); line !== undefined; line = above.pop()) {
    if (line.trim() === "") return true;
    if (!line.trim().startsWith("#")) return false;
  }
  return false;
}

function endsInOpenScalar(pair: Pair | undefined, text: string): boolean {
  if (text.endsWith("\n")) return false;
  let value: unknown = pair?.value;
  while (isMap(value)) value = lastPair(value)?.value;
  const isBlock = isScalar(value) && (value.type === "BLOCK_LITERAL" || value.type === "BLOCK_FOLDED");
  // A comment may stand behind it: then it is not the scalar that lacks the line break.
  return isBlock && endOf(value) === text.length;
}

function entriesOf(map: Root | undefined): [string, RegisteredEntry][] {
  return (map?.items ?? []).map((item) => [keyText(item), registered(item.value)]);
}

function registered(value: unknown): RegisteredEntry {
  const get = (key: string): unknown => (isMap(value) ? value.get(key) : undefined);
  const module = get("module");
  const stamp = get("discovered_at");
  return {
    module: typeof module === "string" ? module : undefined,
    autoDiscovered: get("auto_discovered") === true,
    discoveredAt: stamp instanceof Date ? stamp.toISOString() : typeof stamp === "string" ? stamp : undefined,
  };
}

/** A key as written; `on:` is the boolean true to its readers, but nothing else may be called `on` beside it. */
function keyText(pair: Pair | undefined): string {
  const key = pair?.key;
  if (!isScalar(key)) return "";
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

function contentOf(document: Document.Parsed, text: string): unknown {
  refuseDepths(document, text);
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 10_000 }) as unknown;
  } catch (error) {
    const message = messageOf(error);
    const alias = /^Unresolved alias.*: (\S+)$/.exec(message)?.[1];
    throw at(text, alias === undefined ? 0 : Math.max(0, text.indexOf(`*${alias}`)), message);
  }
}

/** Far above any registry; comparing before and after goes as deep as the file. */
const DEPTH_MAX = 100;

/** What contains itself, or nests without end, cannot be compared before and after. */
function refuseDepths(document: Document.Parsed, text: string): void {
  const anchors = new Map<string, unknown>();
  const walk = (node: unknown, above: readonly unknown[]): void => {
    if (isPair(node)) {
      walk(node.key, above);
      walk(node.value, above);
    } else if (isAlias(node)) {
      if (!above.includes(anchors.get(node.source))) return;
      throw at(text, startOf(node), `*${node.source} stands inside of what it names; write it out`);
    } else if (isMap(node) || isSeq(node)) {
      if (above.length >= DEPTH_MAX)
        throw at(text, startOf(node), `it nests deeper than ${DEPTH_MAX} levels; flatten it`);
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      for (const item of node.items) walk(item, [...above, node]);
    }
  };
  walk(document.contents, []);
}

function lastPair(map: Root | undefined): Pair | undefined {
  return map?.items.at(-1);
}

function endOfPair(pair: Pair): number {
  return Math.max(endOf(pair.key), endOf(pair.value));
}

function endOf(node: unknown): number {
  return isNode(node) ? (node.range?.[1] ?? 0) : 0;
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Behind a byte order mark, which has to stay the first of all. */
function lineStart(text: string, offset: number): number {
  const start = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  return start === 0 && text.startsWith("\uFEFF") ? 1 : start;
}

/** Start of the line behind the one that holds `offset`, or `offset` when it stands at a line's start already. */
function lineAfter(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const next = text.indexOf("\n", offset);
  return next === -1 ? text.length : next + 1;
}

function at(text: string, offset: number, message: string): RegistrySyntaxError {
  const before = text.slice(0, offset).split("\n");
  return new RegistrySyntaxError(message, before.length, (before.at(-1)?.length ?? 0) + 1);
}
