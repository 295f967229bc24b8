import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { evidenceHash, stableEvidence } from "./evidence_hash.ts";

// FACTS B5.
const golden: readonly [readonly string[], string][] = [
  [[], "e3b0c44298fc1c14"],
  [["b", "a"], "0eab8a0a3380abf4"],
  [["é", "z", "😀", "\uffee"], "c3161fbf14c41a14"],
];

for (const [evidence, hash] of golden) {
  test(`evidenceHash(${JSON.stringify(evidence)}) is what Python computes`, () => {
    expect(evidenceHash(evidence)).toBe(hash);
  });
}

test("evidenceHash() does not depend on the order, and leaves its argument as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (evidence) => {
      const before = [...evidence];
      expect(evidenceHash(evidence.toReversed())).toBe(evidenceHash(evidence));
      expect(evidence).toEqual(before);
    }),
  );
});

test("evidenceHash() sorts by code point, as a sort of the code points themselves does", () => {
  const byCodePoints = (left: string, right: string): number => {
    const [a, b] = [Array.from(left, pointOf), Array.from(right, pointOf)];
    const at = a.findIndex((point, index) => point !== b[index]);
    return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
  };
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (evidence) => {
      const joined = evidence.toSorted(byCodePoints).join("|");
      const digest = new Bun.CryptoHasher("sha256").update(joined).digest("hex").slice(0, 16);
      expect(evidenceHash(evidence)).toBe(digest);
    }),
  );
});

test("stableEvidence() leaves out the age, which changes by itself", () => {
  expect(stableEvidence(["path:/a", "age_days:3", "py_files:2"])).toEqual(["path:/a", "py_files:2"]);
});

const pointOf = (character: string): number => character.codePointAt(0) ?? 0;
