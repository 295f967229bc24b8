/** Where a text stops being JSON: `JSON.parse` of this platform says what is wrong, not where. Pure. */

export interface JsonFault {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly text: string;
}

const SPACE = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- control characters are what JSON forbids in a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const PYTHON_WORD = /-?Infinity|NaN/y;

/** The marks that may follow, as a stack of open brackets instead of recursion: any depth is survived. */
export function findJsonFault(text: string): JsonFault | undefined {
  let at = 0;
  const takes = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at += match?.[0].length ?? 0;
    return match !== null;
  };
  const fault = (what: string): JsonFault => {
    const before = text.slice(0, at);
    const found = at < text.length ? what : `${what}; the text ends here`;
    return { line: before.split("\n").length, column: at - before.lastIndexOf("\n"), text: found };
  };
  const key = (): string | undefined => {
    takes(SPACE);
    if (!takes(STRING)) return "a key in double quotes is missing";
    takes(SPACE);
    if (text[at] !== ":") return '":" is missing after a key';
    at += 1;
    return undefined;
  };
  const open: ("{" | "[")[] = [];
  for (;;) {
    takes(SPACE);
    const mark = text[at];
    let complete = true;
    if (mark === "{" || mark === "[") {
      at += 1;
      takes(SPACE);
      complete = text[at] === (mark === "{" ? "}" : "]");
      if (complete) at += 1;
      else {
        open.push(mark);
        const wrong = mark === "{" ? key() : undefined;
        if (wrong !== undefined) return fault(wrong);
      }
    } else if (!takes(STRING) && !takes(NUMBER) && !takes(WORD)) {
      if (mark === '"')
        return fault("a string is not closed, or holds a control character or a wrong escape");
      PYTHON_WORD.lastIndex = at;
      const word = PYTHON_WORD.exec(text)?.[0];
      return fault(word === undefined ? "a value is missing" : `${word} is not JSON; write null instead`);
    }
    while (complete) {
      takes(SPACE);
      const inside = open.at(-1);
      if (inside === undefined) return at === text.length ? undefined : fault("something follows the end");
      const next = text[at];
      if (next === ",") {
        at += 1;
        const wrong = inside === "{" ? key() : undefined;
        if (wrong !== undefined) return fault(wrong);
        complete = false;
      } else if (next === (inside === "{" ? "}" : "]")) {
        at += 1;
        open.pop();
      } else return fault(inside === "{" ? '"," or "}" is missing' : '"," or "]" is missing');
    }
  }
}
