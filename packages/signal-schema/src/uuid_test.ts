import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { createUuidv7Source, isUuid, uuidv7 } from "./uuid.ts";

const nowMs = Date.UTC(2025, 10, 14, 10, 30);

describe("uuidv7()", () => {
  test("is golden for a given time and randomness", () => {
    expect(uuidv7(nowMs, () => 0.5)).toBe("019a81ea-3040-73ff-8080-808080808080");
    expect(uuidv7(0, () => 0)).toBe("00000000-0000-7000-8000-000000000000");
  });

  test("carries its time in front, version 7 and the variant", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ms, x) => {
          const id = uuidv7(ms, () => x);
          expect(isUuid(id)).toBe(true);
          expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(ms);
          expect(id[14]).toBe("7");
          expect("89ab").toContain(id[19] ?? "");
        },
      ),
    );
  });

  test("gives ascending ids within one millisecond, beyond the counter's end too", () => {
    const next = createUuidv7Source();
    const ids = Array.from({ length: 10_000 }, () => next(nowMs));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("keeps ascending when the clock steps back a little, and follows it when it steps far", () => {
    const next = createUuidv7Source();
    const first = next(nowMs);
    expect(next(nowMs - 5_000) > first).toBe(true);
    expect(next(nowMs - 3_600_000) < first).toBe(true);
  });

  for (const ms of [-1, 2 ** 48, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`refuses the time ${ms}`, () =>
      expect(() => createUuidv7Source()(ms)).toThrow("cannot write the time"));
  }
});

describe("isUuid()", () => {
  const id = "019a81ea-3040-7000-8000-00000000000a";
  test("accepts any version in lower case", () => {
    for (const uuid of [id, "00000000-0000-0000-0000-000000000000", crypto.randomUUID()])
      expect(isUuid(uuid)).toBe(true);
  });
  for (const text of [
    "",
    id.toUpperCase(),
    `${id}\n`,
    ` ${id}`,
    id.slice(1),
    id.replaceAll("-", ""),
    `{${id}}`,
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => expect(isUuid(text)).toBe(false));
  }
});
