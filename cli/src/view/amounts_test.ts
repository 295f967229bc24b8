import { describe, expect, test } from "bun:test";
import { ago, bytes, duration, moment, number, plural } from "./amounts.ts";

describe("amounts", () => {
  test.each([
    [0, "0 ms"],
    [-5, "0 ms"],
    [999, "999 ms"],
    [1000, "1 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [47 * 3_600_000, "47 h"],
    [48 * 3_600_000, "2 d"],
  ])("%p ms last %s", (ms, text) => expect(duration(ms)).toBe(text));

  test.each([
    [999, "999 B"],
    [1000, "1.0 kB"],
    [12_345, "12 kB"],
    [9_900_000, "9.9 MB"],
    [3e9, "3.0 GB"],
  ])("%p bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

  test("a moment is told from now; a clock that went back shows no negative age", () => {
    expect(ago(0, 5000)).toBe("5 s ago");
    expect(ago(9000, 5000)).toBe("just now");
    expect(moment(0)).toBe("1970-01-01 00:00:00.000");
  });

  test("counts have separators and their word", () => {
    expect(number(44_638)).toBe("44,638");
    expect(plural(1, "signal")).toBe("1 signal");
    expect(plural(2, "delivery", "deliveries")).toBe("2 deliveries");
  });
});
