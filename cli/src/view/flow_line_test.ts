import { expect, test } from "bun:test";
import { milliseconds } from "./flow_line.ts";

test("milliseconds() reads like a person would say it", () => {
  expect([0, 0.4, 12.6, 999, 1000, 1549, 59_949, 60_000, 90_000].map(milliseconds)).toEqual([
    "0 ms",
    "0 ms",
    "13 ms",
    "999 ms",
    "1.0 s",
    "1.5 s",
    "59.9 s",
    "1.0 min",
    "1.5 min",
  ]);
});
