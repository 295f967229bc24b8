import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { canonicalJson } from "./canonical_json.ts";

test("canonicalJson() sorts keys at every depth and leaves out what is undefined", () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: "x", z: undefined })).toBe(
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
});

test("canonicalJson() writes JSON that means the same", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      expect(JSON.parse(canonicalJson(value))).toEqual(value);
    }),
  );
});
