/**
 * Where each key of a TOML text stands. The parser does not say, and an error message without a line is half a message.
 *
 * Best effort on a text that already parsed: tables, dotted and quoted keys, multi-line strings and lists are followed;
 * keys inside inline tables get the line of the table.
 */
export interface TomlLines {
  /** 1-based; of the nearest enclosing key when the exact one is not known; 1 at worst. */
  lineOf(path: readonly string[]): number;
}

export function locateKeys(text: string): TomlLines {
  const lines = new Map<string, number>();
  const scan = new LineScan();
  let table: readonly string[] = [];
  text.split("\n").forEach((raw, index) => {
    if (scan.insideValue) return scan.feed(raw);
    const line = raw.trim();
    const header = /^\[\[?(.+?)\]\]?\s*(?:#.*)?$/.exec(line);
    if (header !== null) {
      table = splitKey(header[1] ?? "");
      note(lines, table, index + 1);
      return;
    }
    const at = equalsSign(raw);
    if (at === -1 || line.startsWith("#")) return;
    note(lines, [...table, ...splitKey(raw.slice(0, at))], index + 1);
    scan.feed(raw.slice(at + 1));
  });
  return { lineOf: (path) => nearestLine(lines, path) };
}

function note(lines: Map<string, number>, path: readonly string[], line: number): void {
  const key = path.join("\0");
  if (!lines.has(key)) lines.set(key, line);
}

function nearestLine(lines: ReadonlyMap<string, number>, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const line = lines.get(path.slice(0, length).join("\0"));
    if (line !== undefined) return line;
  }
  return 1;
}

/** Index of the `=` outside quotes, -1 when there is none. */
function equalsSign(line: string): number {
  let quote = "";
  for (let i = 0; i < line.length; i += 1) {
    const c = line[i] ?? "";
    if (quote !== "") {
      if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if (c === "#") return -1;
    else if (c === "=") return i;
  }
  return -1;
}

function splitKey(key: string): readonly string[] {
  const parts = key.match(/"[^"]*"|'[^']*'|[^.\s]+/g) ?? [];
  return parts.map((part) => (/^["']/.test(part) ? part.slice(1, -1) : part));
}

/** Follows a value over its lines: multi-line strings and brackets. */
class LineScan {
  #fence = "";
  #depth = 0;

  get insideValue(): boolean {
    return this.#fence !== "" || this.#depth > 0;
  }

  feed(text: string): void {
    let rest = text;
    while (rest !== "") rest = this.#fence === "" ? this.#plain(rest) : this.#fenced(rest);
  }

  #fenced(text: string): string {
    const end = text.indexOf(this.#fence);
    if (end === -1) return "";
    const after = text.slice(end + 3);
    this.#fence = "";
    return after;
  }

  #plain(text: string): string {
    const fence = /^(?:"""|''')/.exec(text);
    if (fence !== null) {
      this.#fence = fence[0];
      return text.slice(3);
    }
    const quoted = /^(?:"(?:[^"\\]|\\.)*"|'[^']*')/.exec(text);
    if (quoted !== null) return text.slice(quoted[0].length);
    if (text.startsWith("#")) return "";
    if (/^[[{]/.test(text)) this.#depth += 1;
    if (/^[\]}]/.test(text)) this.#depth -= 1;
    return text.slice(1);
  }
}
