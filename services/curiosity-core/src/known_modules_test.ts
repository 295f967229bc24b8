import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readKnownModules } from "./known_modules.ts";

function names(text: string): readonly string[] {
  const known = readKnownModules(text);
  if (!known.ok) throw new Error(known.reason);
  return [...known.names].toSorted();
}

describe("readKnownModules()", () => {
  test("knows keys and the last dotted part of each module", () => {
    const text = `
# by hand
config:
  module: config
  enabled: true
voice:
  module: src.audio.capture
`;
    expect(names(text)).toEqual(["capture", "config", "voice"]);
  });

  test("finds modules in nested, hand-written entries", () => {
    const text = `
perception:
  parts:
    - { name: eyes, module: src.vision }
    - name: ears
      detail: { module: src.audio }
`;
    expect(names(text)).toEqual(["audio", "perception", "vision"]);
  });

  test.each(["", "# only a comment\n", "---\n", "~", "{}"])("%p knows nothing", (text) => {
    expect(names(text)).toEqual([]);
  });

  test("takes digits, yes and no as the names that they are", () => {
    expect(names("1984: {module: old}\nyes: {}\n")).toEqual(["1984", "old", "yes"]);
  });

  test("lets a repeated key pass: the readers of the registry do", () => {
    expect(names("a: {module: x}\na: {module: y}\n")).toEqual(["a", "y"]);
  });

  test.each([
    ["a list", "- a\n- b\n"],
    ["a scalar", "just words\n"],
    ["half a file", 'config:\n  module: "conf'],
    ["tabs for indentation", "a:\n\tb: 1\n"],
    ["a merge of nothing", "a: *nowhere\n"],
  ])("refuses %s with a reason", (_what, text) => {
    const known = readKnownModules(text);
    expect(known.ok).toBe(false);
    expect(known.ok ? "" : known.reason).not.toBe("");
  });

  test("refuses a file that explodes when its aliases are followed", () => {
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 12; level += 1) {
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 8 }, () => `*a${level - 1}`).join(", ")}]`);
    }
    expect(readKnownModules(bomb.join("\n")).ok).toBe(false);
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "binary" }), (text) => {
        expect([true, false]).toContain(readKnownModules(text).ok);
      }),
    );
  });
});
