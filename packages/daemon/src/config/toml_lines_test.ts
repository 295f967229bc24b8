import { describe, expect, test } from "bun:test";
import { locateKeys } from "./toml_lines.ts";

const TEXT = `# head
[a]
one = 1
two = """
[b]
one = "not a key"
"""
three = [ # a list
  "x = 1",
  "y"]
"quoted key" = 'v=[w'

[b.c]
d.e = 5
f = { g = 1,
      h = 2 }
i = "\\"]["
j = 1
[[list]]
k = 1
`;

describe("locateKeys()", () => {
  const lines = locateKeys(TEXT);
  const table: readonly [path: readonly string[], line: number][] = [
    [["a"], 2],
    [["a", "one"], 3],
    [["a", "two"], 4],
    [["a", "three"], 8],
    [["a", "quoted key"], 11],
    [["b", "c"], 13],
    [["b", "c", "d", "e"], 14],
    [["b", "c", "f", "h"], 15],
    [["b", "c", "j"], 18],
    [["list", "k"], 20],
    [["b", "one"], 1],
    [["nowhere"], 1],
  ];
  test.each(table)("finds %j on line %p", (path, line) => {
    expect(lines.lineOf(path)).toBe(line);
  });
});
