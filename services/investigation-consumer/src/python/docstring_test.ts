import { describe, expect, test } from "bun:test";
import { docstringOf, firstLine, firstParagraph } from "./docstring.ts";

describe("docstringOf()", () => {
  test.each([
    ['"""One line."""', "One line."],
    ["'single'", "single"],
    ['r"""Raw \\n stays."""', "Raw \\n stays."],
    ['"""Tab\\tand \\"quote\\"."""', 'Tab        and "quote".'],
    ['"""  First\n\n      indented\n        more\n    """', "First\n\nindented\n  more"],
    ['u"""Old prefix."""', "Old prefix."],
    ['"""Joined \\\nline."""', "Joined line."],
    ['b"""Bytes are none."""', null],
    ['f"""Nor is {this}."""', null],
    ['""""""', null],
    ["name", null],
  ])("%p is read as %p", (literal, expected) => {
    expect(docstringOf(literal)).toBe(expected);
  });
});

test("firstLine() and firstParagraph() take the beginning", () => {
  expect(firstLine("a b\nc")).toBe("a b");
  expect(firstLine(null)).toBeNull();
  expect(firstParagraph("a\n  b\n\nc")).toBe("a b");
});
