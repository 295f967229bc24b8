import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "yaml";
import { TREACHEROUS } from "./testing/arbitrary_registry.ts";
import { yamlDoubleQuoted, yamlScalar } from "./yaml_scalar.ts";

describe("yamlScalar()", () => {
  test("leaves plain words plain, as the file's other entries are", () => {
    expect(yamlScalar("config")).toBe("config");
    expect(yamlScalar("tools.audio")).toBe("tools.audio");
    expect(yamlScalar("Module component (4 files)")).toBe("Module component (4 files)");
    expect(yamlScalar("Complex module with 12 Python files")).toBe("Complex module with 12 Python files");
  });

  test("quotes a time like the entries that are there", () => {
    expect(yamlScalar("2025-11-08T17:35:14.700422")).toBe("'2025-11-08T17:35:14.700422'");
  });

  test.each(TREACHEROUS)("is read back as the same text by YAML 1.1 and 1.2, key and value: %j", (word) => {
    for (const version of ["1.1", "1.2"] as const) {
      const text = `${yamlScalar(word)}: ${yamlScalar(word)}\n`;
      expect(parse(text, { version, mapAsMap: true })).toEqual(new Map([[word, word]]));
    }
  });

  test("any text comes back, on one line, plain or quoted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (word) => {
        for (const scalar of [yamlScalar(word), yamlDoubleQuoted(word)]) {
          expect(scalar).not.toMatch(/[\r\n]/);
          for (const version of ["1.1", "1.2"] as const) {
            expect(parse(`k: ${scalar}\n`, { version })).toEqual({ k: word });
          }
        }
      }),
    );
  });
});

describe("yamlDoubleQuoted()", () => {
  test("is JSON for texts without characters beyond the basic plane", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (word) => {
        expect(JSON.parse(yamlDoubleQuoted(word))).toBe(word);
      }),
    );
  });
});
