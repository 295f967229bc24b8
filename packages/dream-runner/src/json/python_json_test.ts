import { describe, expect, test } from "bun:test";
import { parseJsonText } from "./json_text.ts";
import { pythonFloat, renderPython } from "./python_json.ts";
import fc from "fast-check";

const python = Bun.which("python3");
const PROGRAM = `
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(json.loads(line)), sort_keys=True))
`;

/** What Python makes of each text. */
function askPython(texts: readonly string[]): string[] {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  const { stdout, stderr } = Bun.spawnSync([python ?? "", "-c", PROGRAM], { stdin: Buffer.from(input) });
  const lines = stdout.toString().split("\n").slice(0, -1);
  if (lines.length !== texts.length) throw new Error(stderr.toString());
  return lines;
}

const render = (text: string): string => renderPython(parseJsonText(text));

describe("renderPython()", () => {
  test.each([
    ['{"b":1,"a":[1,2.0,{}]}', '{"a": [1, 2.0, {}], "b": 1}'],
    ["5.0", "5.0"],
    ["5", "5"],
    ["1e-7", "1e-07"],
    ["0.0001", "0.0001"],
    ["0.00001", "1e-05"],
    ["1e16", "1e+16"],
    ["123456789012345.6", "123456789012345.6"],
    ["1e15", "1000000000000000.0"],
    ["-0", "0"],
    ["-0.0", "-0.0"],
    ["1e999", "Infinity"],
    ["12345678901234567890123", "12345678901234567890123"],
    ['"é\\u007f😀/\\/"', '"\\u00e9\\u007f\\ud83d\\ude00//"'],
    ['{"a":1,"a":2}', '{"a": 2}'],
    ["[NaN,-Infinity]", "[NaN, -Infinity]"],
  ])("%s is %s", (text, expected) => expect(render(text)).toBe(expected));

  test.skipIf(python === null)("writes what Python writes, for any JSON", () => {
    const floats = fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => pythonFloat(one));
    const lexemes = fc.oneof(floats, fc.bigInt().map(String), fc.constantFrom("1E5", "-0", "0.10", "1e+3"));
    const texts = fc.sample(
      fc.oneof(
        fc.jsonValue().map((value) => JSON.stringify(value)),
        fc.dictionary(fc.string({ unit: "binary" }), lexemes).map((map) => {
          const entries = Object.entries(map).map(([key, value]) => `${JSON.stringify(key)}:${value}`);
          return `{${entries.join(",")}}`;
        }),
        lexemes,
      ),
      { numRuns: 1500 },
    );
    expect(texts.map((text) => render(text))).toEqual(askPython(texts));
  });

  test.skipIf(python === null)("sorts keys by code point as Python does", () => {
    const text = '{"\\uffee":1,"\\ud83d\\ude00":2,"z":3,"\\ud800":4}';
    expect([render(text)]).toEqual(askPython([text]));
  });
});

describe("parseJsonText()", () => {
  test.each([
    ['{"a":}', 1, 6],
    ['{\n  "a": 1,\n}', 3, 1],
    ["[1 2]", 1, 4],
    ['"\\x"', 1, 2],
    ["", 1, 1],
    ["{} x", 1, 4],
    ["01", 1, 2],
  ])("%p is refused at line %d, column %d", (text, line, column) => {
    let caught: unknown;
    try {
      parseJsonText(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ name: "JsonTextError", line, column });
  });

  test("accepts what JSON.parse accepts and nothing that it refuses, bare NaN and Infinity apart", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.stringMatching(/^[[\]{}",:0-9 .e+\-a]{0,12}$/)),
        (text) => {
          const accepts = (parse: (text: string) => unknown): boolean => {
            try {
              parse(text);
              return true;
            } catch {
              return false;
            }
          };
          expect(accepts(parseJsonText)).toBe(accepts(JSON.parse));
        },
      ),
      { numRuns: 500 },
    );
  });
});
