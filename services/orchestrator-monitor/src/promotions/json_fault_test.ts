import { expect, test } from "bun:test";
import fc from "fast-check";
import { findJsonFault } from "./json_fault.ts";

const MARKS = Array.from('{}[],:"\\ 0-1.eNn\n\u0001');

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("findJsonFault() finds a fault exactly where JSON.parse refuses", () => {
  const whole = fc.json();
  const cut = fc.tuple(whole, fc.nat()).map(([text, n]) => text.slice(0, n % (text.length + 1)));
  const changed = fc.tuple(whole, fc.nat(), fc.constantFrom(...MARKS)).map(([text, n, mark]) => {
    const at = n % (text.length + 1);
    return text.slice(0, at) + mark + text.slice(at + 1);
  });
  fc.assert(
    fc.property(fc.oneof(whole, cut, changed, fc.string()), (text) => {
      expect(findJsonFault(text) === undefined).toBe(parses(text));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['{"a": 1,}', 1, 9, "a key in double quotes is missing"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}" is missing'],
  ['{"a" 1}', 1, 6, '":" is missing after a key'],
  ["{'a': 1}", 1, 2, "a key in double quotes is missing"],
  ['{"a": "x\n"}', 1, 7, "a string is not closed, or holds a control character or a wrong escape"],
  ["[1, -Infinity]", 1, 5, "-Infinity is not JSON; write null instead"],
  ['{"a": 1} x', 1, 10, "something follows the end"],
  ['{"a": [1, 2', 1, 12, '"," or "]" is missing; the text ends here'],
])("findJsonFault() says of %j where and what", (text, line, column, what) => {
  expect(findJsonFault(text)).toEqual({ line, column, text: what });
});

test("findJsonFault() survives any depth", () => {
  expect(findJsonFault("[".repeat(200_000))?.column).toBe(200_001);
});
