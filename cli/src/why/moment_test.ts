import { expect, test } from "bun:test";
import { askedMoment } from "./moment.ts";

const NOW = Date.parse("2026-01-31T12:00:00Z");
const read = askedMoment(() => NOW);

test.each([
  ["10:30", "2026-01-31T10:30:00Z"],
  ["9:05:30", "2026-01-31T09:05:30Z"],
  ["12:00", "2026-01-31T12:00:00Z"],
  ["12:01", "2026-01-30T12:01:00Z"],
  ["-15m", "2026-01-31T11:45:00Z"],
  ["15m", "2026-01-31T11:45:00Z"],
  ["2026-01-31T08:00:00+01:00", "2026-01-31T07:00:00Z"],
  ["2026-01-30 08:00", "2026-01-30T08:00:00Z"],
  ["2030-01-01", "2026-01-31T12:00:00Z"],
])("%p is a moment, never in the future", (text, at) => {
  expect(new Date(read(text)).toISOString()).toBe(new Date(at).toISOString());
});

test.each(["", "noon", "25:00", "10:60", "-"])("%p is refused, with what is allowed", (text) => {
  expect(() => read(text)).toThrow("a time of day in UTC (10:30)");
});
