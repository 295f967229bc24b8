import { expect, test } from "bun:test";
import { parseTimeoutMs } from "./up_options.ts";

test("a timeout is seconds, or has a unit", () => {
  expect(["30", "30s", "1.5m", "2h", "250ms"].map(parseTimeoutMs)).toEqual([
    30_000, 30_000, 90_000, 7_200_000, 250,
  ]);
});

test("anything else is refused with what is allowed", () => {
  for (const text of ["", "soon", "-1s", "0", "25h", "1d", "NaN"]) {
    expect(() => parseTimeoutMs(text)).toThrow("30s, 2m or 1h");
  }
});
