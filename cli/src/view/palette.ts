/** Colours, or none. */
export interface Palette {
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly source: (text: string) => string;
  readonly signal: (text: string) => string;
  /** A colour of its own for each chain. */
  readonly mark: (text: string) => string;
}

const RESET = "\u001b[0m";

function paint(code: string): (text: string) => string {
  return (text) => (text === "" ? "" : `\u001b[${code}m${text}${RESET}`);
}

const plain = (text: string): string => text;

const PLAIN: Palette = {
  faint: plain,
  strong: plain,
  good: plain,
  warn: plain,
  bad: plain,
  source: plain,
  signal: plain,
  mark: plain,
};

/** Of the 256-colour cube: told apart on dark and on light. */
const MARKS = ["38;5;33", "38;5;37", "38;5;64", "38;5;125", "38;5;136", "38;5;166", "38;5;61", "38;5;160"];

const COLOURED: Palette = {
  faint: paint("2"),
  strong: paint("1"),
  good: paint("32"),
  warn: paint("33"),
  bad: paint("31"),
  source: paint("36"),
  signal: paint("1"),
  mark: (text) => paint(MARKS[hash(text) % MARKS.length] ?? "36")(text),
};

function hash(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return sum;
}

export function choosePalette(coloured: boolean): Palette {
  return coloured ? COLOURED : PLAIN;
}

/** https://no-color.org: set and not empty means no. */
export function wantsColour(terminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return terminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
