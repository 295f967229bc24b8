/**
 * JSON as Python reads it, with the lexemes of its numbers kept: `5`, `5.0` and `5e0` are different parameters to a
 * Python program, and one number to JSON.parse. Bare `NaN` and `Infinity` are accepted, as Python's reader does.
 */

export type JsonNode =
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, JsonNode>; readonly offset: number }
  | { readonly kind: "array"; readonly items: readonly JsonNode[]; readonly offset: number }
  | { readonly kind: "string"; readonly value: string; readonly offset: number }
  | { readonly kind: "number"; readonly lexeme: string; readonly value: number; readonly offset: number }
  | { readonly kind: "literal"; readonly value: boolean | null; readonly offset: number };

/** `offset` counts from 0 in UTF-16 units, `line` and `column` from 1. */
export class JsonTextError extends Error {
  override readonly name = "JsonTextError";
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  constructor(message: string, text: string, offset: number) {
    super(message);
    const before = text.slice(0, offset);
    this.offset = offset;
    this.line = before.split("\n").length;
    this.column = offset - before.lastIndexOf("\n");
  }
}

const DEPTH_MAX = 64;
/** Python refuses to read integers with more digits (`sys.get_int_max_str_digits`). */
const DIGITS_MAX = 4300;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- control characters are what JSON forbids in a string
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const WORDS: readonly (readonly [string, boolean | null | number])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];

/** Throws `JsonTextError`. */
export function parseJsonText(text: string): JsonNode {
  return new Reader(text).document();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("something stands behind the end of the JSON value");
    return node;
  }

  #value(depth: number): JsonNode {
    if (depth > DEPTH_MAX) this.#fail(`nested deeper than ${String(DEPTH_MAX)} levels`);
    this.#skipSpace();
    const offset = this.#at;
    switch (this.#text[offset]) {
      case "{":
        return { kind: "object", entries: this.#entries(depth), offset };
      case "[":
        return { kind: "array", items: this.#items(depth), offset };
      case '"':
        return { kind: "string", value: this.#string(), offset };
      default:
        return this.#word(offset) ?? this.#number(offset);
    }
  }

  #entries(depth: number): Map<string, JsonNode> {
    const entries = new Map<string, JsonNode>();
    this.#at += 1;
    if (this.#takes("}")) return entries;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes or "}" is missing');
      const key = this.#string();
      if (!this.#takes(":")) this.#fail('":" is missing behind a key');
      // Of a key that repeats the last one counts, as in Python.
      entries.set(key, this.#value(depth + 1));
    } while (this.#takes(","));
    if (!this.#takes("}")) this.#fail('"," or "}" is missing');
    return entries;
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#at += 1;
    if (this.#takes("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#takes(","));
    if (!this.#takes("]")) this.#fail('"," or "]" is missing');
    return items;
  }

  #string(): string {
    this.#at += 1;
    let value = "";
    for (;;) {
      value += this.#match(PLAIN)?.[0] ?? "";
      const next = this.#text[this.#at];
      if (next === '"') break;
      if (next !== "\\") this.#fail("a string is not closed, or holds a control character");
      value += this.#escape();
    }
    this.#at += 1;
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail("\\u needs four hex digits");
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) this.#fail(`\\${letter} is no escape`);
    this.#at += 2;
    return plain;
  }

  #word(offset: number): JsonNode | undefined {
    const found = WORDS.find(([word]) => this.#text.startsWith(word, offset));
    if (found === undefined) return undefined;
    const [lexeme, value] = found;
    this.#at += lexeme.length;
    return typeof value === "number"
      ? { kind: "number", lexeme, value, offset }
      : { kind: "literal", value, offset };
  }

  #number(offset: number): JsonNode {
    const lexeme = this.#match(NUMBER)?.[0];
    if (lexeme === undefined || lexeme === "") this.#fail("a JSON value is missing");
    if (lexeme.length > DIGITS_MAX) this.#fail(`a number of more than ${String(DIGITS_MAX)} digits`);
    return { kind: "number", lexeme, value: Number(lexeme), offset };
  }

  #takes(mark: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #fail(message: string): never {
    throw new JsonTextError(message, this.#text, this.#at);
  }
}
