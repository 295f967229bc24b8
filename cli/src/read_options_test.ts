import { describe, expect, test } from "bun:test";
import { list, pastMoment, wholeNumber } from "./read_options.ts";

const NOW = Date.UTC(2026, 0, 31, 12);

describe("--since", () => {
  const read = pastMoment(() => NOW);
  test.each([
    ["90s", NOW - 90_000],
    ["10m", NOW - 600_000],
    ["10min", NOW - 600_000],
    ["1.5h", NOW - 5_400_000],
    ["3d", NOW - 3 * 86_400_000],
    ["250ms", NOW - 250],
    ["2026-01-30", Date.UTC(2026, 0, 30)],
    ["2026-01-30T08:15", Date.UTC(2026, 0, 30, 8, 15)],
    ["2026-01-30 08:15:30", Date.UTC(2026, 0, 30, 8, 15, 30)],
    ["2026-01-30T08:15:30.250Z", Date.UTC(2026, 0, 30, 8, 15, 30, 250)],
    ["2026-01-30T08:15:00+02:00", Date.UTC(2026, 0, 30, 6, 15)],
  ])("%s is understood", (text, at) => {
    expect(read(text)).toBe(at);
  });
  test.each(["", "yesterday", "10", "-5m", "2026-13-01", "10 parsecs", "2026"])(
    "%p is refused, with what is allowed",
    (text) => {
      expect(() => read(text)).toThrow("Give a time back (90s, 10m, 2h, 3d) or a moment");
    },
  );
});

describe("a number", () => {
  const read = wholeNumber(1, 100);
  test("within its bounds is taken", () => expect(read("100")).toBe(100));
  test.each(["0", "101", "1.5", "-1", "ten", "", "1e2"])("%p is refused, with the bounds", (text) => {
    expect(() => read(text)).toThrow("Give a whole number from 1 to 100.");
  });
});

describe("a list", () => {
  test("grows with each option and at each comma", () => {
    expect(list("c", list("a, b", undefined))).toEqual(["a", "b", "c"]);
  });
  test.each(["", " ", ","])("%p names nothing", (text) => {
    expect(() => list(text, undefined)).toThrow("at least one name");
  });
});
