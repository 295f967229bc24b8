/**
 * An environment file as text: where its assignments are, and nothing else of it is touched. Quotes may span lines, so a
 * line is only read as an assignment when it begins one. Pure.
 */
import { unquoteValue } from "./env_value.ts";

export interface Assignment {
  readonly key: string;
  /** As written, quotes included, and the blanks before it: a shell takes what follows those for another word. */
  readonly raw: string;
  /** As a reader understands it. */
  readonly value: string;
  /** 1-based. */
  readonly line: number;
  /** Offsets into the text: of the value as written, and of the whole with its line ends. */
  readonly rawStart: number;
  readonly start: number;
  readonly end: number;
}

export interface EnvDocument {
  readonly text: string;
  /** In order; a key may come more than once, the last one counts. */
  readonly assignments: readonly Assignment[];
}

export class EnvSyntaxError extends Error {
  override readonly name = "EnvSyntaxError";
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const NOTHING = /[ \t]*(?:[#;][^\n]*)?(?:\r?\n|$)/y;
const HEAD = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/y;
const BLANKS = /[ \t]*/y;
const BYTE_ORDER_MARK = "\uFEFF";

/** Throws `EnvSyntaxError` for what is neither empty, a comment nor an assignment. */
export function parseEnv(text: string): EnvDocument {
  refuseOddCharacters(text);
  const assignments: Assignment[] = [];
  let at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = at;
    const assignment = matchAt(NOTHING, text, at) === undefined ? readAssignment(text, at, line) : undefined;
    if (assignment !== undefined) assignments.push(assignment);
    at = assignment?.end ?? NOTHING.lastIndex;
    line += newlinesIn(text, start, at);
  }
  return { text, assignments };
}

/** The assignment that counts. */
export function effective(document: EnvDocument, key: string): Assignment | undefined {
  return document.assignments.findLast((one) => one.key === key);
}

function readAssignment(text: string, start: number, line: number): Assignment {
  const key = matchAt(HEAD, text, start)?.[1];
  if (key === undefined) {
    throw new EnvSyntaxError(line, "is neither KEY=value nor a comment; correct it or put a # before it");
  }
  const rawStart = HEAD.lastIndex;
  const { rawEnd, end } = readValue(text, rawStart, line);
  const raw = text.slice(rawStart, rawEnd);
  return { key, raw, value: unquoteValue(raw.trimStart()), line, rawStart, start, end };
}

/** Quotes count at the value's beginning only: `it's` elsewhere is an apostrophe for most readers. */
function readValue(text: string, rawStart: number, line: number): { rawEnd: number; end: number } {
  matchAt(BLANKS, text, rawStart);
  const from = BLANKS.lastIndex;
  const first = text.charAt(from);
  const afterQuote = first === "'" || first === '"' ? closingQuote(text, from, first, line) : from;
  let at = afterQuote;
  let comment = -1;
  while (at < text.length && text[at] !== "\n") {
    if (comment < 0 && text[at] === "#" && /[ \t]/.test(text.charAt(at - 1))) comment = at;
    if (comment < 0 && text[at] === "\\") at = afterBackslash(text, at, line);
    else at += 1;
  }
  let rawEnd = comment < 0 ? at : comment;
  while (rawEnd > rawStart && /[ \t\r]/.test(text.charAt(rawEnd - 1))) rawEnd -= 1;
  return { rawEnd, end: Math.min(at + 1, text.length) };
}

function closingQuote(text: string, from: number, quote: string, line: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === quote) return at + 1;
    if (quote === '"' && text[at] === "\\") at += 1;
  }
  throw new EnvSyntaxError(line, `opens a ${quote} that nothing closes; close it`);
}

/** A backslash before a line's end joins the next line to this one. */
function afterBackslash(text: string, at: number, line: number): number {
  if (at + 1 >= text.length) throw new EnvSyntaxError(line, "ends the file with a backslash; remove it");
  return text.startsWith("\r\n", at + 1) ? at + 3 : at + 2;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function refuseOddCharacters(text: string): void {
  // oxlint-disable-next-line no-control-regex -- readers stop at one and take the other for a line's end, or not
  const odd = /\0|\r(?!\n)/.exec(text);
  if (odd === null) return;
  const what = odd[0] === "\0" ? "a NUL byte" : "a carriage return that ends no line";
  throw new EnvSyntaxError(newlinesIn(text, 0, odd.index) + 1, `holds ${what}; remove it`);
}

function newlinesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
