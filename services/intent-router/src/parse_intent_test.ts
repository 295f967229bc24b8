import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseIntent } from "./parse_intent.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("parseIntent()", () => {
  test("reads an object and its type", () => {
    const result = parseIntent(bytes('{"type":"reinvestigate","data":{"question":"why?"}}'));
    expect(result).toMatchObject({
      kind: "parsed",
      intent: { type: "reinvestigate", data: { question: "why?" }, dataShape: "object" },
    });
  });

  test("takes intent_type when type is empty or no text", () => {
    for (const type of ['""', '"  "', "null", "7"]) {
      const result = parseIntent(bytes(`{"type":${type},"intent_type":"run_scanner"}`));
      expect(result).toMatchObject({ kind: "parsed", intent: { type: "run_scanner" } });
    }
  });

  test("skips a UTF-8 byte order mark", () => {
    const marked = new Uint8Array([0xef, 0xbb, 0xbf, ...bytes('{"type":"x"}')]);
    expect(parseIntent(marked)).toMatchObject({ kind: "parsed", intent: { type: "x" } });
  });

  test.each([
    ["an empty file", "", "empty"],
    ["white space", " \n\t", "white space"],
    ["a byte order mark alone", "\uFEFF", "white space"],
    ["half an object", '{"type":"discover.mod', "not JSON"],
    ["invalid JSON", '{"type": discover}', "not JSON"],
    ["a bare NaN", '{"confidence": NaN}', "NaN"],
    ["a bare -Infinity in a list", '{"a":[1, -Infinity]}', "-Infinity"],
  ])("says that %s is unfinished", (_what, text, reason) => {
    const result = parseIntent(bytes(text));
    expect(result.kind).toBe("unfinished");
    expect(result.kind === "unfinished" ? result.reason : "").toContain(reason);
  });

  test("says that bytes that are not UTF-8 are unfinished: the last character may still be on its way", () => {
    expect(parseIntent(new Uint8Array([0x7b, 0xc3]))).toEqual({
      kind: "unfinished",
      reason: "the content is not UTF-8",
    });
  });

  test.each([
    ["[]", "a list"],
    ["null", "null"],
    ["12", "a number"],
    ['"text"', "a string"],
    ["true", "a boolean"],
  ])("says that a top-level %s is broken for good", (text, shape) => {
    const result = parseIntent(bytes(text));
    expect(result).toEqual({
      kind: "broken",
      reason: `the content is ${shape}, an intent is a JSON object`,
    });
  });

  test.each([
    ['{"data":null}', "null"],
    ['{"data":[1]}', "list"],
    ['{"data":"x"}', "scalar"],
    ["{}", "absent"],
  ] as const)("treats %s as without data, and remembers why", (text, dataShape) => {
    expect(parseIntent(bytes(text))).toMatchObject({ kind: "parsed", intent: { data: {}, dataShape } });
  });

  test("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        expect(["parsed", "unfinished", "broken"]).toContain(parseIntent(content).kind);
      }),
    );
  });

  test("survives nesting that exhausts a recursive parser", () => {
    expect(["unfinished", "broken"]).toContain(parseIntent(bytes("[".repeat(250_000))).kind);
  });

  test("calls no proper prefix of an object finished", () => {
    const object = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(object, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
        const whole = bytes(JSON.stringify(value));
        const part = whole.subarray(0, Math.floor((whole.length - 1) * share));
        expect(parseIntent(part).kind).toBe("unfinished");
        expect(parseIntent(whole).kind).toBe("parsed");
      }),
    );
  });
});
