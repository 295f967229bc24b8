/** Docstrings: the text of a literal as Python's `inspect.cleandoc` would show it. Pure. */

/** `literal`: as in the source, quotes and prefix included. Null when it is not a docstring (bytes, f-string). */
export function docstringOf(literal: string): string | null {
  const match = /^([a-zA-Z]*)("""|'''|"|')/.exec(literal);
  if (match === null) return null;
  const [opening, prefix = "", quote = ""] = match;
  if (/[bft]/i.test(prefix)) return null;
  const body = literal.slice(opening.length, literal.endsWith(quote) ? -quote.length : undefined);
  const text = clean(/r/i.test(prefix) ? body : unescape(body));
  return text === "" ? null : text;
}

export function firstLine(text: string | null): string | null {
  return text === null ? null : (text.split("\n", 1)[0] ?? "").trim();
}

/** The text up to the first empty line, on one line. */
export function firstParagraph(text: string): string {
  return (text.split(/\n\s*\n/, 1)[0] ?? "").replaceAll(/\s+/g, " ").trim();
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

/** The escapes that occur in prose; rarer ones stay as they are written. */
function unescape(text: string): string {
  return text.replaceAll(/\\([nt\\'"\n])/g, (whole, character: string) => ESCAPES[character] ?? whole);
}

/** Removes the indentation that all lines but the first share. */
function clean(text: string): string {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\t", "        ").split("\n");
  const indents = lines
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length);
  const margin = indents.length === 0 ? 0 : indents.reduce((a, b) => Math.min(a, b));
  const rest = lines.slice(1).map((line) => line.slice(margin).trimEnd());
  return [(lines[0] ?? "").trim(), ...rest].join("\n").trim();
}
