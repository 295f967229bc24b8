import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { deriveId, deriveRootId } from "./derive_id.ts";
import { arbitraryId } from "./testing.ts";
import { isUuid } from "./uuid.ts";

const parent = "019a81ea-3040-7000-8000-000000000001";

describe("deriveId()", () => {
  // Changing these would do again what was done once in every journal there is.
  test("is golden", () => {
    expect(deriveId(parent, "capability-integrator", "Q_MODULE_INTEGRATED")).toBe(
      "019a81ea-3040-8792-83dc-9dec2ba70330",
    );
    expect(deriveId(parent, "semantic-dedup", "Q_CURIOSITY_INVESTIGATE", "reask")).toBe(
      "019a81ea-3040-881a-9580-deb4fceef0c9",
    );
  });

  test("gives a UUID of version 8 with the parent's time in front, always the same", () => {
    fc.assert(
      fc.property(
        arbitraryId(),
        fc.string(),
        fc.string(),
        fc.string({ unit: "binary" }),
        (id, consumer, name, key) => {
          const derived = deriveId(id, consumer, name, key);
          expect(isUuid(derived)).toBe(true);
          expect(derived.slice(0, 15)).toBe(`${id.slice(0, 13)}-8`);
          expect("89ab").toContain(derived[19] ?? "");
          expect(deriveId(id, consumer, name, key)).toBe(derived);
        },
      ),
    );
  });

  test("differs when any of its parts differs, also when they read the same in a row", () => {
    const ids = [
      deriveId(parent, "a", "b", "c"),
      deriveId(parent, "ab", "", "c"),
      deriveId(parent, "a", "bc", ""),
      deriveId(parent, 'a","b', "", "c"),
      deriveId("019a81ea-3040-7000-8000-000000000002", "a", "b", "c"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("refuses a parent that is no id", () => {
    expect(() => deriveId("42", "a", "b")).toThrow('cannot derive an id from parent "42"');
  });
});

describe("deriveRootId()", () => {
  test("is golden", () => {
    expect(deriveRootId(Date.UTC(2025, 10, 14, 10, 30), "intent.json", "{}")).toBe(
      "019a81ea-3040-8c9e-a5ef-6db04e7863e9",
    );
  });

  test("carries the time in front, takes fractions of a millisecond, and differs by each part", () => {
    expect(deriveRootId(1763116200000.9, "a")).toBe(deriveRootId(1763116200000, "a"));
    expect(deriveRootId(1763116200000, "a").slice(0, 13)).toBe("019a81ea-3040");
    const ids = [["a", "b"], ["ab"], ["a", "b", ""], ["b", "a"], []].map((parts) =>
      deriveRootId(0, ...parts),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("refuses a time that is none", () => {
    expect(() => deriveRootId(Number.NaN, "a")).toThrow("cannot write the time NaN");
  });
});
